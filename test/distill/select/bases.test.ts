import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infer, inferCopies } from "../../../src/distill/methods/infer.ts";
import { basesOf, crossEntropyOf } from "../../../src/distill/select/bases.ts";
import { drawImages } from "../../../src/distill/select/draw.ts";
import { imageSource, type Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { openClassifier } from "../../../src/training/predict.ts";
import { temporaryFolder, timesIn } from "../../pipeline/tiny.ts";
import { make, prepared, stageOf } from "../methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

/** K = 3 base sets of three classes, for two teachers. */
const stage = async (bases: "random" | "confidence") =>
  stageOf(infer, device, data, await temporaryFolder(), { options: { bases }, recipe: { ipc: 5 } });

describe("base sets", () => {
  test("are the beginning of the random draw, read whole or one by one", async () => {
    const given = await stage("random");
    const { all, read, key } = await basesOf(given, "random");
    const pixels = await all();
    expect(pixels).toEqual(await data.train.read(drawImages(data, 3, given.recipe)));
    for (const k of [0, 1, 2]) expect(await read(k)).toEqual(pixels.subarray(k * 3 * 192, (k + 1) * 3 * 192));
    expect(key).toEqual({});
    expect(await timesIn(given.folder)).toEqual({});
  });

  test("by confidence are of each class the images that the teachers together are surest of", async () => {
    const given = await stage("confidence");
    const { all, key } = await basesOf(given, "confidence");
    expect(key).toEqual({ bases: "confidence", judges: ["convnet6x2", "resnet18w4"] });
    const pixels = await all();
    const classifiers = await Promise.all(given.teachers.map((teacher) => openClassifier(device, teacher, 1)));
    for (let c = 0; c < 3; c++) {
      const scored: { readonly image: number; readonly surprise: number }[] = [];
      for (let image = c; image < data.train.length; image += 3) {
        const seen = await imageSource(data).images(Int32Array.of(image));
        const logits = await Promise.all(classifiers.map((one) => one.logits(seen)));
        const mean = logits[0]!.map((z, i) => (z + logits[1]![i]!) / 2);
        scored.push({ image, surprise: crossEntropyOf(mean, c) });
      }
      const surest = scored.sort((a, b) => a.surprise - b.surprise).slice(0, 3);
      for (const [k, { image }] of surest.entries()) {
        const at = (k * 3 + c) * 192;
        expect(pixels.subarray(at, at + 192)).toEqual(await data.train.read([image]));
      }
    }
    for (const one of classifiers) await one.release();
  });

  test("by confidence are ranked once, and belong to INFER's copies too", async () => {
    const given = await stage("confidence");
    const { bases } = await make(infer, given);
    const times = await timesIn(given.folder);
    const copies = stageOf(inferCopies, device, data, given.folder, {
      options: { bases: "confidence" },
      recipe: { ipc: 5 },
    });
    expect((await make(inferCopies, copies)).bases).toEqual(bases);
    expect(await timesIn(given.folder)).toEqual(times);
  });
});

test("cross-entropy does not overflow", () => {
  expect(crossEntropyOf([1000, 0], 1)).toBeCloseTo(1000, 6);
  expect(crossEntropyOf([0, Math.log(3)], 1)).toBeCloseTo(-Math.log(3 / 4), 10);
});
