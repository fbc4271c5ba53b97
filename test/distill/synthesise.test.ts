import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type Tensor, tensor, trace } from "../../src/autodiff/index.ts";
import { normalise } from "../../src/data/normalisation.ts";
import { classBatches, classesOf } from "../../src/distill/class-batches.ts";
import type { Method, MethodStage } from "../../src/distill/method.ts";
import { adjustWeights } from "../../src/distill/methods/adjust-weights.ts";
import { cda, cdaSynthesis } from "../../src/distill/methods/cda.ts";
import { dwa, dwaSynthesis } from "../../src/distill/methods/dwa.ts";
import { gvbsm, gvbsmSynthesis } from "../../src/distill/methods/gvbsm.ts";
import { type Sre2lOptions, sre2l, sre2lSynthesis } from "../../src/distill/methods/sre2l.ts";
import { collectStatistics, convolutionGaps } from "../../src/distill/objectives/convolutions.ts";
import type { Objective } from "../../src/distill/objectives/objective.ts";
import { teacherObjective } from "../../src/distill/objectives/teacher.ts";
import { crossEntropyOf } from "../../src/distill/select/bases.ts";
import { drawImages } from "../../src/distill/select/draw.ts";
import { synthesis } from "../../src/distill/synthesise.ts";
import { imageSource, type Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { oneHot } from "../../src/tasks/classification.ts";
import { openClassifier } from "../../src/training/predict.ts";
import { floats, uniform } from "../autodiff/draw.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";
import { make, prepared, stageOf, teacherOf, workerOn } from "./methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const [first] = classBatches(2, 3);
const shape = [3, 3, 8, 8];

interface Said {
  readonly loss: number;
  readonly crossEntropy: number;
  readonly statistics: number;
}

/** What an objective says of the same random images of classes 0, 1 and 2. */
const saidBy = async (objective: Objective): Promise<Said> => {
  const types = { images: float32(...shape), labels: { targets: float32(3, 3) } };
  expect(objective.feeds).toEqual({ labels: types.labels });
  const compiled = await device.compile(
    trace(types, ({ images, labels }) => {
      const { loss, scalars } = objective.loss(images, { labels }, (some) => some);
      return { loss, crossEntropy: scalars.crossEntropy!, statistics: scalars.statistics! };
    }),
  );
  const images: Tensor = uniform(stream(6, "images"), shape, -1, 1);
  const said = await compiled.run({ images, labels: { targets: tensor(oneHot([0, 1, 2], 3), [3, 3]) } });
  await compiled.release();
  const [loss, crossEntropy, statistics] = [said.loss, said.crossEntropy, said.statistics].map(
    (one) => floats(one)[0]!,
  ) as [number, number, number];
  return { loss, crossEntropy, statistics };
};

const stageFor = async (method: Method): Promise<MethodStage> =>
  stageOf(method, device, data, await temporaryFolder(), { options: { alpha } });

const alpha = 0.02;
const options: Sre2lOptions = { iterations: 12, learningRate: 0.25, alpha, bits: 8 };

test("SRe2L shows small images whole, CDA ever smaller parts of them", async () => {
  const stage = await stageFor(sre2l);
  const [plain, curriculum] = [sre2lSynthesis(stage, options), cdaSynthesis(await stageFor(cda), options)];
  expect([0, 0.5, 1].map((fraction) => plain.least(fraction))).toEqual([1, 1, 1]);
  expect([0, 0.5, 1].map((fraction) => curriculum.least(fraction))).toEqual([1, 0.54, 0.08]);
  const large = { ...stage, data: { ...data, task: { ...data.task, image: { height: 64, width: 64 } } } };
  expect(sre2lSynthesis(large, options).least(0)).toBe(0.08);
});

test("SRe2L's teacher is the first, its statistics weigh alpha", async () => {
  const stage = await stageFor(sre2l);
  for (const { objectives } of [sre2lSynthesis(stage, options), cdaSynthesis(stage, options)]) {
    const judging = objectives(3);
    expect(judging).toHaveLength(1);
    const said = await saidBy(judging[0]!);
    expect(said).toEqual(await saidBy(teacherObjective(stage.teachers[0]!, 3, { alpha })));
    expect(said.loss).toBeCloseTo(said.crossEntropy + alpha * said.statistics, 4);
  }
});

describe("DWA", () => {
  test("starts from the real images that random images are, batch by batch", async () => {
    const stage = await stageFor(dwa);
    const { start } = dwaSynthesis(stage, options);
    const picks = drawImages(data, 2, stage.recipe);
    const [one, other] = await Promise.all(classBatches(2, 3).map((batch) => start(batch)));
    expect(one).toEqual(await imageSource(data).images(picks.subarray(0, 3)));
    expect(other).toEqual(await imageSource(data).images(picks.subarray(3, 6)));
  });

  test("judges each batch by the teacher nudged on its images, with variances weighing 11 times", async () => {
    const stage = await stageFor(dwa);
    const teacher = stage.teachers[0]!;
    const { own, objectives, start } = dwaSynthesis(stage, options);
    const worker = workerOn(device);
    const adjusted = await adjustWeights(worker, teacher, await start(first!), classesOf(first!), {
      rho: 0.015,
      steps: 12,
    });
    const [objective] = await own!(first!, worker);
    const said = await saidBy(objective!);
    expect(said).toEqual(await saidBy(teacherObjective(adjusted, 3, { alpha, variance: 11 })));
    expect(said.crossEntropy).not.toBe((await saidBy(objectives(3)[0]!)).crossEntropy);
    expect(said.statistics).not.toBe((await saidBy(teacherObjective(adjusted, 3, { alpha }))).statistics);
  });
});

describe("G-VBSM", () => {
  test("has an objective for every teacher, which measures convolutions too", async () => {
    const stage = await stageFor(gvbsm);
    const { objectives } = await gvbsmSynthesis(stage, options);
    const judging = objectives(3);
    const known = await collectStatistics(stage);
    expect(judging).toHaveLength(2);
    for (const [j, teacher] of stage.teachers.entries()) {
      const said = await saidBy(judging[j]!);
      const before: NonNullable<Parameters<typeof teacherObjective>[2]["before"]> = (logits) =>
        convolutionGaps(logits, known[j]!);
      expect(said).toEqual(await saidBy(teacherObjective(teacher, 3, { alpha, before })));
      expect(said.statistics).not.toBe((await saidBy(teacherObjective(teacher, 3, { alpha }))).statistics);
    }
  });

  test("lets its teachers take turns, each image set beginning with another", async () => {
    const stage = await stageFor(gvbsm);
    const { parts, turn } = synthesis(stage, await gvbsmSynthesis(stage, options));
    expect(parts.map((part) => [0, 1, 2, 3].map((step) => turn!(part, step)))).toEqual([
      [0, 1, 0, 1],
      [1, 0, 1, 0],
    ]);
  });
});

test("many classes are told apart as themselves, in whichever batch they are", async () => {
  const many = await prepared({ classes: 102, side: 8, images: 1 });
  const teacher = teacherOf("convnet8x1", many);
  const { bases: pixels, curves } = await make(
    sre2l,
    stageOf(sre2l, device, many, await temporaryFolder(), { teachers: [teacher], recipe: { ipc: 1, iterations: 80 } }),
  );
  expect(curves.map(({ name }) => name)).toEqual(["sre2l 0 0", "sre2l 0 51"]);
  const classifier = await openClassifier(device, teacher);
  const logits = await classifier.logits(normalise(pixels, many.dataset.normalisation, 8, 8));
  await classifier.release();
  const surprise = (of: (c: number) => number): number => {
    const rows = Array.from({ length: 102 }, (_, c) => crossEntropyOf(logits.subarray(c * 102, (c + 1) * 102), of(c)));
    return rows.reduce((sum, value) => sum + value, 0) / 102;
  };
  const own = surprise((c) => c);
  expect(own).toBeLessThan(surprise((c) => (c + 51) % 102) - 0.4);
  expect(own).toBeLessThan(Math.log(102) - 0.3);
});
