import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MethodStage } from "../../../src/distill/method.ts";
import { idc } from "../../../src/distill/methods/idc.ts";
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

const brief = { architecture: "convnet8x2", networks: 1, epochs: 4, moments: 2, real: 8, iterations: 10 };

const stageIn = (folder: string, options: object = {}): MethodStage =>
  stageOf(idc, device, data, folder, { options: { ...brief, ...options }, recipe: { ipc: 1 } });

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test.each(["cosine", "mse", "l1"])("%s comes down for every class, of four small images each", async (distance) => {
  const stage = stageIn(await temporaryFolder(), { distance, iterations: 100, learningRate: 0.05 });
  const { bases, curves } = await make(idc, stage);
  expect(bases).toHaveLength(4 * 3 * 3 * 4 * 4);
  expect(curves.map(({ name }) => name)).toEqual(["idc kind0", "idc kind1", "idc kind2"]);
  const falls = curves.map(
    ({ history: { series } }) => mean(series.distance!.slice(-20)) / mean(series.distance!.slice(0, 20)),
  );
  for (const fall of falls) expect(fall).toBeLessThan(0.95);
});

// Four images of a class are stored, of which a step sees all or some.
test.each([4, 2])("is the same to the byte where it was stopped, %i images a step", async (synthetic) => {
  const folder = await temporaryFolder();
  const whole = await make(idc, stageIn(join(folder, "whole"), { synthetic }));
  const stop = new AbortController();
  const stage = stageIn(join(folder, "stopped"), { synthetic });
  // The pool has 4 steps, the classes 10 each.
  const progress = recording((done) => done === 17 && stop.abort());
  await expect(make(idc, { ...stage, progress, signal: stop.signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(await make(idc, stage)).toEqual(whole);
  expect(await hashesIn(stage.folder)).toEqual(await hashesIn(join(folder, "whole")));
});

test("other settings are other work", async () => {
  const folder = await temporaryFolder();
  const sets = new Set<string>();
  const all = [{}, { distance: "mse" }, { crossEntropy: 1 }, { learningRate: 0.1 }, { real: 3 }, { synthetic: 2 }];
  for (const options of all) sets.add((await make(idc, stageIn(folder, options))).bases.join());
  expect(sets.size).toBe(all.length);
});
