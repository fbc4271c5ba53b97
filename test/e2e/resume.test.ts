import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/evaluation/rows.ts";
import { readStored } from "../../src/training/checkpoint.ts";
import { filesIn, hashesIn, writePictures } from "../pipeline/tiny.ts";
import { type Ended, type Started, sleep, start, until, writeRecipe } from "./processes.ts";

/** Long enough for every stage to be hit. */
const fields = {
  labels: ["static"],
  seeds: 1,
  iterations: 300,
  teacher: { epochs: 120, batch: 16 },
  student: { epochs: 120, batch: 8, learningRate: 0.01 },
  full: { epochs: 40, batch: 16 },
};

const command = (out: string): string[] => ["run", "--recipe", "recipe.yaml", "--out", out];

/** Compensators and students that are under way at once. */
const together = Math.min(2, availableParallelism());

describe("a run that is stopped", () => {
  let folder = "";
  let reference: Awaited<ReturnType<typeof resultsIn>>;

  /** What must not depend on how often a run was stopped. */
  const resultsIn = async (out: string) => {
    const {
      seconds: _,
      set: __,
      rows,
      ...report
    } = JSON.parse(await readFile(join(folder, out, "report.json"), "utf8")) as Report;
    const hashes = async (part: string) => hashesIn(join(folder, out, part));
    return {
      report,
      rows: rows.map(({ seconds: _, ...row }) => row),
      teachers: await hashes("2-teachers"),
      compensators: await hashes("3-distil"),
      set: await hashes("4-set"),
      students: await hashes("5-students"),
      files: await filesIn(join(folder, out)),
    };
  };

  const finish = async (out: string): Promise<void> => {
    expect(await start("main", folder, command(out)).ended).toMatchObject({ exit: 0 });
    expect(await resultsIn(out)).toEqual(reference);
  };

  const kill = async (process: Started): Promise<Ended> => {
    process.child.kill("SIGKILL");
    return process.ended;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-resume-"));
    await writePictures(join(folder, "pictures"));
    await writeRecipe(folder, fields);
    const { exit, stderr } = await start("main", folder, command("reference")).ended;
    if (exit !== 0) throw new Error(stderr);
    reference = await resultsIn("reference");
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  it("by SIGKILL while teachers, compensators and students are made ends with the same bytes", async () => {
    const interrupted = (part: string): string[] =>
      existsSync(join(folder, "out", part)) ? readdirSync(join(folder, "out", part)) : [];
    for (const [part, beginsWith, atOnce] of [
      ["2-teachers", "0-", 1],
      ["2-teachers", "1-", 1],
      ["3-distil", "", together],
      ["5-students", "", together],
    ] as const) {
      const running = start("watched", folder, command("out"));
      const partial = (): boolean =>
        interrupted(part).filter((name) => name.startsWith(beginsWith) && name.endsWith(".partial")).length >= atOnce;
      await until(running, partial);
      expect(await kill(running)).toMatchObject({ signal: "SIGKILL" });
      expect(partial()).toBe(true);
      expect(existsSync(join(folder, "out", "report.json"))).toBe(false);
    }
    await finish("out");
  }, 180_000);

  it("by SIGKILL at any moment ends with the same bytes", async () => {
    const moments = Array.from({ length: 4 }, () => Math.round(600 * Math.random()));
    for (const moment of moments) {
      const running = start("watched", folder, command("anytime"));
      // Most of the time before is taken by node itself.
      await until(running, () => existsSync(join(folder, "anytime")));
      await sleep(moment);
      await kill(running);
    }
    await finish("anytime").catch((error: unknown) => {
      throw new Error(`killed ${moments.join(", ")} ms after the folder was there`, { cause: error });
    });
  });

  it("is not disturbed by a second process, which is told whose the folder is", async () => {
    const running = start("watched", folder, command("shared"));
    await until(running, () => existsSync(join(folder, "shared", "2-teachers")));
    const { exit, stdout, stderr } = await start("main", folder, command("shared")).ended;
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toContain(`--out shared is in use by process ${running.child.pid} on `);
    expect(stderr).toContain("(distillery run --recipe recipe.yaml --out shared)");
    expect(await kill(running)).toMatchObject({ signal: "SIGKILL" });
    await finish("shared");
  });

  it("by Ctrl-C ends at once with status 130, says how to go on, and leaves only whole files", async () => {
    const running = start("main", folder, command("stopped"));
    await until(running, () => running.stderr().includes("teacher 1 of 2: "));
    running.child.kill("SIGINT");
    const { exit, stdout, stderr } = await running.ended;
    expect({ exit, stdout }).toEqual({ exit: 130, stdout: "" });
    expect(stderr).toMatch(/^stopping after this step; the same command resumes/m);
    // Which stage it was in depends on the machine's speed.
    expect(stderr).toMatch(/^stopped: .+: stopped.*; the same command resumes$/m);
    for (const file of await filesIn(join(folder, "stopped"))) {
      expect(file).toMatch(/\.(json|yaml|safetensors|partial|png)$/);
      if (/\.(safetensors|partial)$/.test(file)) expect(await readStored(join(folder, "stopped", file))).toBeDefined();
    }
    await finish("stopped");
  });
});
