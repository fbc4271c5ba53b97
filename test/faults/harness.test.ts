import { describe, expect, it } from "vitest";
import { stream } from "../../src/support/random.ts";
import { groundAt } from "./ground.ts";
import { judge } from "./judge.ts";
import { countsOf, faultsOf, tryPart } from "./lanes.ts";
import { mutate } from "./mutate.ts";
import { mutateJson } from "./mutate-json.ts";
import { pageOf } from "./page.ts";
import { type Ending, type Part, thinned } from "./part.ts";
import { differenceOf } from "./results.ts";

const text = Buffer.from('{\n  "a": [1, 2, {"b": "c"}],\n  "d": null\n}\n');

describe("the harness", () => {
  it("damages bytes and JSON, the same way for the same stream", () => {
    const damage = (n: number): string => mutate(text, stream(0, n), true).bytes.toString("latin1");
    const many = Array.from({ length: 300 }, (_, n) => damage(n));
    expect(many).toEqual(Array.from({ length: 300 }, (_, n) => damage(n)));
    expect(new Set(many).size).toBeGreaterThan(200);
    expect(many.filter((each) => each === text.toString("latin1")).length).toBeLessThan(15);
  });

  it("changes every node of a JSON value in turn and leaves it JSON", () => {
    const changed = Array.from({ length: 500 }, (_, n) => mutateJson(text.toString(), stream(1, n)).bytes.toString());
    for (const each of changed) expect(() => JSON.parse(each) as unknown).not.toThrow();
    const values = changed.map((each) => JSON.parse(each) as unknown);
    expect(values).toContainEqual({ a: [1, 2, { b: "c" }] });
    expect(values).toContainEqual({ a: [1, 2, {}], d: null });
    expect(values).toContainEqual({ a: [1, -2, { b: "c" }], d: null });
  });

  it("thins evenly, and never to nothing", () => {
    expect(thinned(10, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(thinned(10, 0.2)).toEqual([0, 5]);
    expect(thinned(4, 0.01)).toEqual([0]);
  });

  it("knows a refusal from a stack and from a status of no table", () => {
    const error = (exit: number, code: string, status = exit) => ({
      exit,
      stderr: `a note\nerror: pictures: no such folder\ncode ${code}, exit status ${status}\n`,
    });
    expect(judge({ exit: 0, stderr: "" }).ending).toBe("done");
    expect(judge(error(3, "DATA"))).toEqual({ ending: "refused", what: "error: pictures: no such folder" });
    expect(judge(error(4, "DATA")).ending).toBe("crash");
    expect(judge(error(70, "SHAPE")).ending).toBe("crash");
    expect(judge(error(3, "BUDGET", 4)).ending).toBe("crash");
    expect(judge({ exit: 1, stderr: "error: TypeError: x\n    at y" }).ending).toBe("crash");
    expect(judge({ exit: null, stderr: "" }).ending).toBe("crash");
  });

  it("tells results apart", () => {
    expect(differenceOf({ a: "1" }, { a: "1" })).toBeUndefined();
    expect(differenceOf({ a: "1", b: "2" }, { a: "2", c: "3" })).toBe("3 files differ: a, b left over, c missing");
  });

  it("counts and lists what a part found", async () => {
    const ends: Readonly<Record<string, Ending>> = { "x/1": "refused", "x/2": "hang", "y/1": "done" };
    const part: Part = {
      name: "example",
      title: "Examples",
      ids: async () => Object.keys(ends),
      open: async () => ({
        attempt: async (id) => ({ ending: ends[id]!, what: `of ${id}` }),
        close: async () => undefined,
      }),
    };
    const tried = await tryPart(part, 1, groundAt("nowhere", 0));
    expect(faultsOf(tried)).toEqual(["hang example:x/2 of x/2"]);
    expect([...countsOf(tried.attempts)]).toEqual([
      ["refused", 1],
      ["done", 1],
      ["hang", 1],
    ]);
    const page = pageOf([tried], 0, 1);
    expect(page).toContain("3 attempts to disturb the program, **1 fault**");
    expect(page).toContain("| x | 2 | 1 | 0 | 1 |\n| y | 1 | 0 | 1 | 0 |\n| all | 3 | 1 | 1 | 1 |");
    expect(page).toContain("- hang example:x/2 of x/2");
  });
});
