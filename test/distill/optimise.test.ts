import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Method } from "../../src/distill/method.ts";
import { cda } from "../../src/distill/methods/cda.ts";
import { dm } from "../../src/distill/methods/dm.ts";
import { dwa } from "../../src/distill/methods/dwa.ts";
import { gvbsm } from "../../src/distill/methods/gvbsm.ts";
import { infer } from "../../src/distill/methods/infer.ts";
import { sre2l } from "../../src/distill/methods/sre2l.ts";
import { drawImages } from "../../src/distill/select/draw.ts";
import type { Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { readStored } from "../../src/training/checkpoint.ts";
import type { History } from "../../src/training/loop.ts";
import { hashesIn, temporaryFolder, timesIn } from "../pipeline/tiny.ts";
import { recording } from "../training/quadratic.ts";
import { make, prepared, stageOf } from "./methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const [ipc, size] = [2, 3 * 8 * 8];

/** What each minimises, at every point of its history. */
const objective = ({ series }: History): number[] =>
  series.distance === undefined
    ? series.crossEntropy!.map((value, i) => value + 0.01 * series.statistics![i]!)
    : [...series.distance];

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const learning = [sre2l, cda, dwa, gvbsm, dm] as const;

test.each(learning.map((method) => [method.name, method] as const))(
  "%s comes down, makes images of its own for every class, and keeps them",
  async (name, method) => {
    const folder = await temporaryFolder();
    const stage = stageOf(method, device, data, folder, { recipe: { iterations: 100 } });
    const made = await make(method, stage);
    const { bases: pixels, curves } = made;
    expect(pixels).toHaveLength(ipc * 3 * size);
    const images = new Set(Array.from({ length: ipc * 3 }, (_, i) => pixels.subarray(i * size, (i + 1) * size).join()));
    expect(images.size).toBe(ipc * 3);
    expect(made.compensators).toHaveLength(0);
    expect(curves).toHaveLength(name === "dm" ? 3 : ipc);
    for (const { history } of curves) {
      const values = objective(history);
      // CDA's crops are so small in the end that its objective rises again.
      const [first, second] = [values.slice(0, 6), values.slice(50)].map((some) => mean(some));
      expect(second!).toBeLessThan(0.98 * first!);
    }
    const times = await timesIn(folder);
    expect(await make(method, stage)).toEqual(made);
    expect(await timesIn(folder)).toEqual(times);
  },
);

test("infer comes down, makes a compensator of every base set and teacher, and keeps them", async () => {
  const folder = await temporaryFolder();
  const stage = stageOf(infer, device, data, folder, { recipe: { ipc: 4, iterations: 100 } });
  const made = await make(infer, stage);
  const { bases, perBase, compensators } = stage.layout;
  expect([bases, perBase, compensators]).toEqual([2, 2, 4]);
  expect(made.bases).toEqual(await data.train.read(drawImages(data, 2, stage.recipe)));
  expect(made.compensators).toHaveLength(4 * size);
  // Compensator (k, j) is in place 2 k + j, whatever the order in which they were made.
  for (const k of [0, 1]) {
    for (const j of [0, 1]) {
      const { compensators: own } = (await readStored(join(folder, `${k}-${j}.safetensors`)))!.tensors;
      const at = 2 * k + j;
      expect(made.compensators!.subarray(at * size, (at + 1) * size)).toEqual(own!.data);
    }
  }
  expect(made.curves.map(({ name }) => name).sort()).toEqual([
    "base 0, teacher 0",
    "base 0, teacher 1",
    "base 1, teacher 0",
    "base 1, teacher 1",
  ]);
  for (const { history } of made.curves) {
    const values = history.series.crossEntropy!.map((value, i) => value + history.series.statistics![i]!);
    expect(mean(values.slice(50))).toBeLessThan(0.98 * mean(values.slice(0, 6)));
  }
  const times = await timesIn(folder);
  expect(await make(infer, stage)).toEqual(made);
  expect(await timesIn(folder)).toEqual(times);
});

test.each([infer, ...learning].map((method) => [method.name, method] as const))(
  "%s comes to the same bytes when it is stopped and taken up again",
  async (_name, method) => {
    const folder = await temporaryFolder();
    const whole = await make(method, stageOf(method, device, data, join(folder, "whole")));
    const stop = new AbortController();
    const progress = recording((done) => done === 17 && stop.abort());
    const stage = stageOf(method, device, data, join(folder, "stopped"));
    await expect(make(method, { ...stage, progress, signal: stop.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect((await readdir(join(folder, "stopped"))).some((file) => file.endsWith(".partial"))).toBe(true);
    expect(await make(method, stage)).toEqual(whole);
    expect(await hashesIn(join(folder, "stopped"))).toEqual(await hashesIn(join(folder, "whole")));
  },
);

/** A device that counts what is open on it. */
const counting = (): { readonly counted: Device; open(): number } => {
  let open = 0;
  const watched = <One extends { release(): Promise<void> }>(one: One): One => {
    open++;
    return {
      ...one,
      release: async () => {
        open--;
        await one.release();
      },
    };
  };
  const counted: Device = {
    ...device,
    compile: async (traced) => watched(await device.compile(traced)),
    compileStep: async (traced) => watched(await device.compileStep(traced)),
  };
  return { counted, open: () => open };
};

test.each([infer, ...learning].map((method) => [method.name, method] as const))(
  "%s releases all that it opens",
  async (_name, method) => {
    const { counted, open } = counting();
    const opened: number[] = [];
    const progress = recording(() => opened.push(open()));
    await make(method, { ...stageOf(method, counted, data, await temporaryFolder()), progress });
    expect(Math.max(...opened)).toBe(method === gvbsm ? 2 : 1);
    expect(open()).toBe(0);
  },
);

describe("other settings are other work", () => {
  const variants: readonly (readonly [Method, Record<string, unknown>])[] = [
    [sre2l, { alpha: 0.1 }],
    [sre2l, { learningRate: 0.2 }],
    [sre2l, { iterations: 13 }],
    [infer, { alpha: 0 }],
    [infer, { views: "crops" }],
    [infer, { bases: "confidence" }],
    [dm, { real: 3 }],
    [dm, { momentum: 0 }],
  ];
  const titled = variants.map(
    ([method, options]) => [`${method.name} ${JSON.stringify(options)}`, method, options] as const,
  );

  test.each(titled)("%s", async (_title, method, options) => {
    const folder = await temporaryFolder();
    const madeOf = async (given: Record<string, unknown>, recipe: Record<string, unknown> = {}) => {
      const { bases, compensators } = await make(
        method,
        stageOf(method, device, data, folder, { options: given, recipe }),
      );
      return { bases, compensators };
    };
    const one = await madeOf({});
    expect(await madeOf(options)).not.toEqual(one);
    expect(await madeOf({}, { seed: 1 })).not.toEqual(one);
    expect(await madeOf({})).toEqual(one);
  });

  test("but what only says how a set is stored is not", async () => {
    const folder = await temporaryFolder();
    const madeWith = (precision: string) =>
      make(infer, stageOf(infer, device, data, folder, { options: { precision } }));
    const one = await madeWith("F16");
    const times = await timesIn(folder);
    expect(await madeWith("I8")).toEqual(one);
    expect(await timesIn(folder)).toEqual(times);
  });
});
