import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Method } from "../../../src/distill/methods/method.ts";
import { methodsByName as rivals } from "../../../src/distill/methods/registry.ts";
import { drawImages } from "../../../src/distill/select/draw.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { methods } from "../../../src/sets/method.ts";
import type { History } from "../../../src/training/loop.ts";
import { hashesIn, temporaryFolder, timesIn } from "../../pipeline/tiny.ts";
import { recording } from "../../training/quadratic.ts";
import { prepared, stageOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const [ipc, size] = [2, 3 * 8 * 8];

test("every method of a set is listed under its name", () => {
  expect(Object.keys(rivals).sort()).toEqual([...methods].sort());
  for (const [name, method] of Object.entries(rivals)) expect(method.name).toBe(name);
});

test("random images are those that INFER's bases begin", async () => {
  const stage = stageOf(device, data, await temporaryFolder());
  const { bases: pixels } = await rivals.random.make(stage);
  expect(pixels).toEqual(await data.train.read(drawImages(data, ipc, stage.recipe.seed)));
});

/** What each minimises, at every point of its history. */
const objective = ({ series }: History): number[] =>
  series.distance === undefined
    ? series.crossEntropy!.map((value, i) => value + 0.01 * series.statistics![i]!)
    : [...series.distance];

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const optimised = [rivals.sre2l, rivals.cda, rivals.dwa, rivals.gvbsm, rivals.dm] as const;

describe.each(optimised.map((method) => [method.name, method] as const))("%s", (name, method) => {
  test("comes down, makes images of its own for every class, and keeps them", async () => {
    const folder = await temporaryFolder();
    const stage = stageOf(device, data, folder, { recipe: { iterations: 100 } });
    const { bases: pixels, curves } = await method.make(stage);
    expect(pixels).toHaveLength(ipc * 3 * size);
    const images = new Set(Array.from({ length: ipc * 3 }, (_, i) => pixels.subarray(i * size, (i + 1) * size).join()));
    expect(images.size).toBe(ipc * 3);
    expect(curves).toHaveLength(name === "dm" ? 3 : ipc);
    for (const { history } of curves) {
      const values = objective(history);
      // CDA's crops are so small in the end that its objective rises again.
      const [first, second] = [values.slice(0, 6), values.slice(50)].map((some) => mean(some));
      expect(second!).toBeLessThan(0.98 * first!);
    }
    const times = await timesIn(folder);
    expect(await method.make(stage)).toEqual({ bases: pixels, curves });
    expect(await timesIn(folder)).toEqual(times);
  });

  test("comes to the same bytes when it is stopped and taken up again", async () => {
    const folder = await temporaryFolder();
    const whole = await method.make(stageOf(device, data, join(folder, "whole")));
    const stop = new AbortController();
    const progress = recording((done) => done === 17 && stop.abort());
    const stage = stageOf(device, data, join(folder, "stopped"));
    await expect(method.make({ ...stage, progress, signal: stop.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect((await readdir(join(folder, "stopped"))).some((file) => file.endsWith(".partial"))).toBe(true);
    expect(await method.make(stage)).toEqual(whole);
    expect(await hashesIn(join(folder, "stopped"))).toEqual(await hashesIn(join(folder, "whole")));
  });
});

test("other settings are other work", async () => {
  const folder = await temporaryFolder();
  const make = async (method: Method, recipe: Record<string, unknown>) =>
    (await method.make(stageOf(device, data, folder, { recipe }))).bases;
  const one = await make(rivals.sre2l, {});
  expect(await make(rivals.sre2l, { iterations: 13 })).not.toEqual(one);
  expect(await make(rivals.sre2l, { seed: 1 })).not.toEqual(one);
  expect(await make(rivals.sre2l, {})).toEqual(one);
});
