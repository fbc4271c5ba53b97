import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Crop } from "../../../src/data/augment/resized-crop.ts";
import { normalise } from "../../../src/data/normalisation.ts";
import type { MethodStage } from "../../../src/distill/method.ts";
import { crossEntropyOf } from "../../../src/distill/select/bases.ts";
import { candidatesOf, cropsOf, cutOut, rded } from "../../../src/distill/select/rded.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { openClassifier } from "../../../src/training/predict.ts";
import { temporaryFolder, timesIn } from "../../pipeline/tiny.ts";
import { make, prepared, stageOf, teacherOf } from "../methods/workshop.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

interface Ranked {
  readonly image: number;
  readonly crop: Crop;
  readonly crossEntropy: number;
}

/** Every image's best crop in every class, best first: one crop at a time, logits averaged one teacher after the other. */
const rank = async (stage: MethodStage): Promise<Ranked[][]> => {
  const { data, teachers } = stage;
  const { image, classes } = data.task;
  const classifiers = await Promise.all(teachers.map((teacher) => openClassifier(device, teacher, 1)));
  const ranked: Ranked[][] = [];
  for (let c = 0; c < classes; c++) {
    const best: Ranked[] = [];
    for (let i = 0; i < data.train.length; i++) {
      if (data.train.labels[i] !== c) continue;
      const scored: Ranked[] = [];
      for (const crop of cropsOf(stage, i)) {
        const cut = cutOut(await data.train.read([i]), image, crop);
        const seen = normalise(cut, data.dataset.normalisation, image.height, image.width);
        const all = await Promise.all(classifiers.map((one) => one.logits(seen)));
        const mean = all[0]!.map((_, z) => all.reduce((sum, logits) => sum + logits[z]!, 0) / all.length);
        scored.push({ image: i, crop, crossEntropy: crossEntropyOf(mean, c) });
      }
      best.push(scored.sort((a, b) => a.crossEntropy - b.crossEntropy)[0]!);
    }
    ranked.push(best.sort((a, b) => a.crossEntropy - b.crossEntropy));
  }
  for (const one of classifiers) await one.release();
  return ranked;
};

describe("rded", () => {
  test("takes the crops that the teachers together are surest of", async () => {
    const data = await prepared();
    const stage = stageOf(rded, device, data, await temporaryFolder());
    const { bases: pixels } = await make(rded, stage);
    const ranked = await rank(stage);
    for (let c = 0; c < 3; c++) {
      for (let k = 0; k < 2; k++) {
        const { image, crop } = ranked[c]![k]!;
        const cut = cutOut(await data.train.read([image]), data.task.image, crop);
        expect(pixels.subarray((k * 3 + c) * 192, (k * 3 + c + 1) * 192)).toEqual(cut);
      }
    }
  });

  test("stitches four into one above 64 pixels, each a quarter of the ranks apart", async () => {
    const data = await prepared({ classes: 2, side: 66, images: 9 });
    const teachers = [teacherOf("convnet4x1", data)];
    const stage = stageOf(rded, device, data, await temporaryFolder(), { teachers });
    const { bases: pixels } = await make(rded, stage);
    const ranked = await rank(stage);
    expect(pixels).toHaveLength(2 * 2 * 3 * 66 ** 2);
    for (let c = 0; c < 2; c++) {
      for (let k = 0; k < 2; k++) {
        const whole = pixels.subarray((k * 2 + c) * 3 * 66 ** 2, (k * 2 + c + 1) * 3 * 66 ** 2);
        for (let q = 0; q < 4; q++) {
          const { image, crop } = ranked[c]![2 * q + k]!;
          const cut = cutOut(await data.train.read([image]), data.task.image, crop, { height: 33, width: 33 });
          const [y, x] = [33 * Math.floor(q / 2), 33 * (q % 2)];
          const part = cut.map(
            (_, i) => whole[66 * (66 * Math.floor(i / 33 ** 2) + y + (Math.floor(i / 33) % 33)) + x + (i % 33)]!,
          );
          expect(part).toEqual(cut);
        }
      }
    }
  });

  test("looks at 300 images of a class, or at all, or at more where more are asked for", async () => {
    const data = await prepared({ classes: 2, side: 4, images: 400 });
    const stage = stageOf(rded, device, data, "nowhere", { teachers: [] });
    const picks = candidatesOf(stage, 1, 10);
    expect(picks).toHaveLength(300);
    expect(new Set(picks).size).toBe(300);
    expect([...picks].every((i) => data.train.labels[i] === 1)).toBe(true);
    expect(candidatesOf(stage, 0, 350)).toHaveLength(350);
    expect(candidatesOf({ ...stage, data: await prepared() }, 0, 3)).toHaveLength(10);
  });

  test("says when a class has too few images", async () => {
    const data = await prepared({ images: 1 });
    await expect(make(rded, stageOf(rded, device, data, await temporaryFolder()))).rejects.toMatchObject({
      code: "BUDGET",
    });
  });

  test("keeps what it found out", async () => {
    const data = await prepared();
    const folder = await temporaryFolder();
    const stage = stageOf(rded, device, data, folder);
    const made = await make(rded, stage);
    const times = await timesIn(folder);
    expect(Object.keys(times)).toHaveLength(3);
    expect(await make(rded, stage)).toEqual(made);
    expect(await timesIn(folder)).toEqual(times);
    const other = stageOf(rded, device, data, folder, { recipe: { seed: 1 } });
    expect(await make(rded, other)).not.toEqual(made);
  });
});
