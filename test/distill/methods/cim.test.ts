import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, gradients, type Tensor, trace } from "../../../src/autodiff/index.ts";
import { cim, pairwise } from "../../../src/distill/methods/cim.ts";
import { frozenFeatures } from "../../../src/distill/objectives/features.ts";
import { crossEntropyOf } from "../../../src/distill/select/bases.ts";
import { pickImages } from "../../../src/distill/select/pick.ts";
import { candidatesOf } from "../../../src/distill/select/rded.ts";
import { imageSource, type Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { openClassifier } from "../../../src/training/predict.ts";
import { floats, uniform } from "../../autodiff/draw.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { copied, expectGradient } from "../objectives/differences.ts";
import { make, prepared, stageOf, teacherOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

test("starts from the images of the first teacher's lowest cross-entropy, as they are stored", async () => {
  const options = { iterations: 1, learningRate: 1e-9, storage: "formation2", bits: 8 };
  const stage = stageOf(cim, device, data, await temporaryFolder(), { options, recipe: { ipc: 1 } });
  const [C, K] = [3, 4];
  const { bases } = await make(cim, stage);
  const classifier = await openClassifier(device, stage.teachers[0]!);
  const picks = new Int32Array(K * C);
  for (let c = 0; c < C; c++) {
    const images = candidatesOf(stage, c, K);
    const logits = await classifier.logits(await imageSource(data).images(images));
    const told = Array.from(images, (image, i) => ({ image, told: crossEntropyOf(logits.slice(i * C, i * C + C), c) }));
    const best = told.sort((a, b) => a.told - b.told).slice(0, K);
    for (const [k, { image }] of best.entries()) picks[k * C + c] = image;
  }
  await classifier.release();
  const expected = await pickImages(stage, picks);
  expect(bases).toHaveLength(expected.length);
  expect(Math.max(...bases.map((v, i) => Math.abs(v - expected[i]!)))).toBeLessThanOrEqual(1);
});

/** Loss, gradient and both images' features. */
const opened = async () => {
  // Smooth, for differences.
  const teacher = teacherOf("convnet6x2", data, 4.5);
  const { feeds, loss } = pairwise(teacher, 3);
  const compiled = await device.compile(
    trace({ images: float32(3, 3, 8, 8), feeds }, ({ images, feeds: fed }) => {
      const { loss: value } = loss(images, fed, (some) => some);
      const features = [images, fed.real!.images!].map((some) => frozenFeatures(teacher, some));
      return { loss: value, gradient: gradients(value, { images }).images, own: features[0]!, real: features[1]! };
    }),
  );
  // Far from the others: the loss has no derivative where features are equal.
  const real = uniform(stream(6, "real"), [3, 3, 8, 8], 2, 3);
  return {
    release: () => compiled.release(),
    run: async (images: Tensor) => {
      const found = await compiled.run({ images: copied(images), feeds: { real: { images: copied(real) } } });
      const [gradient, own, theirs] = [found.gradient, found.own, found.real].map(floats) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      return { loss: floats(found.loss)[0]!, gradient, own, theirs };
    },
  };
};

test("images are compared one by one", async () => {
  const { run, release } = await opened();
  const { loss, own, theirs } = await run(uniform(stream(6, "own"), [3, 3, 8, 8], -0.5, 0.5));
  const apart = own.reduce((sum, v, i) => sum + Math.abs(v - theirs[i]!), 0);
  expect(loss / (apart / own.length)).toBeCloseTo(1, 5);
  await expectGradient(run);
  await release();
});
