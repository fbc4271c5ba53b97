import { afterAll, beforeAll, expect, test } from "vitest";
import { gvbsm } from "../../../src/distill/methods/gvbsm.ts";
import { collectStatistics } from "../../../src/distill/objectives/convolutions.ts";
import { imageSource, type Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { floats } from "../../autodiff/draw.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { prepared, stageOf } from "../methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

test("what enters convolutions is measured over all training images", async () => {
  const stage = stageOf(gvbsm, device, data, await temporaryFolder());
  const [known] = await collectStatistics({ ...stage, teachers: stage.teachers.slice(0, 1) });
  const all = await imageSource(data).images(Int32Array.from({ length: data.train.length }, (_, i) => i));
  for (let channel = 0; channel < 3; channel++) {
    const values = [...all].filter((_, i) => Math.floor(i / 64) % 3 === channel);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(floats(known!["0.mean"]!)[channel]).toBeCloseTo(mean, 4);
    expect(floats(known!["0.variance"]!)[channel]).toBeCloseTo(variance, 4);
  }
  // The second convolution of convnet6x2 sees 6 channels; the real data themselves are at no distance.
  expect(known!["1.mean"]!.shape).toEqual([6]);
  expect(Object.keys(known!)).toHaveLength(4);
});
