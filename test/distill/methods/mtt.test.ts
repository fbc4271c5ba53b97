import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MethodStage } from "../../../src/distill/method.ts";
import { mtt } from "../../../src/distill/methods/mtt.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { hashesIn, temporaryFolder } from "../../pipeline/tiny.ts";
import { recording } from "../../training/quadratic.ts";
import { make, prepared, stageOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const brief = { architecture: "convnet8x2", experts: 2, starts: 2, ahead: 2, steps: 3, batch: 5, iterations: 6 };

const stageIn = (folder: string, options: object = {}): MethodStage =>
  stageOf(mtt, device, data, folder, { options: { ...brief, ...options } });

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test.each([
  ["images", 6, 8],
  ["formation2", 24, 4],
] as const)("as %s, the distance comes down, and the step size is learnt", async (storage, count, side) => {
  const stage = stageIn(await temporaryFolder(), { storage, iterations: 60, learningRate: 0.05 });
  const { bases, curves } = await make(mtt, stage);
  expect(bases).toHaveLength(count * 3 * side * side);
  expect(curves.map(({ name }) => name)).toEqual(["mtt"]);
  const { distance, stepSize } = curves[0]!.history.series;
  expect(mean(distance!.slice(-15)) / mean(distance!.slice(0, 15))).toBeLessThan(0.9);
  expect(stepSize![0]).toBeCloseTo(0.03, 5);
  expect(Math.abs(Math.log(stepSize!.at(-1)! / 0.03))).toBeGreaterThan(0.05);
});

test("is the same to the byte where it was stopped", async () => {
  const folder = await temporaryFolder();
  const whole = await make(mtt, stageIn(join(folder, "whole")));
  const stop = new AbortController();
  const stage = stageIn(join(folder, "stopped"));
  // Two experts have 3 steps each, the set 6.
  let last = "";
  const { task, note } = recording((done) => done === 4 && last.startsWith("mtt") && stop.abort());
  const progress = {
    note,
    task: (title: string, total: number) => {
      last = title;
      return task(title, total);
    },
  };
  await expect(make(mtt, { ...stage, progress, signal: stop.signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(Object.keys(await hashesIn(stage.folder))).toContain("all.partial");
  expect(await make(mtt, stage)).toEqual(whole);
  expect(await hashesIn(stage.folder)).toEqual(await hashesIn(join(folder, "whole")));
});

test("other settings are other work", async () => {
  const folder = await temporaryFolder();
  const sets = new Set<string>();
  const all = [
    {},
    { crossEntropy: 1 },
    { learningRate: 0.2 },
    { steps: 2 },
    { batch: 3 },
    { stepSize: 0.3 },
    { ahead: 1 },
  ];
  for (const options of all) sets.add((await make(mtt, stageIn(folder, options))).bases.join());
  expect(sets.size).toBe(all.length);
});
