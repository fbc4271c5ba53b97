import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type Tensor, tensor, trace, type Value } from "../../../src/autodiff/index.ts";
import { normalise } from "../../../src/data/normalisation.ts";
import { cdaSynthesis } from "../../../src/distill/methods/cda.ts";
import { classBatches, classesOf } from "../../../src/distill/methods/class-batches.ts";
import { dwaSynthesis } from "../../../src/distill/methods/dwa.ts";
import { gvbsmSynthesis } from "../../../src/distill/methods/gvbsm.ts";
import { nudge } from "../../../src/distill/methods/nudge.ts";
import { sre2l, sre2lSynthesis } from "../../../src/distill/methods/sre2l.ts";
import { collectStatistics, convolutionGaps } from "../../../src/distill/objectives/convolutions.ts";
import { type Judge, judgeClasses } from "../../../src/distill/objectives/judge.ts";
import { drawImages } from "../../../src/distill/select/draw.ts";
import { crossEntropyOf } from "../../../src/distill/select/rded.ts";
import { type Prepared, readable } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { oneHot } from "../../../src/tasks/classification.ts";
import type { Lane } from "../../../src/training/jobs.ts";
import { openClassifier } from "../../../src/training/predict.ts";
import { floats, uniform } from "../../autodiff/draw.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { prepared, stageOf, teacherOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const [first] = classBatches(2, 3);
const shape = [3, 3, 8, 8];

/** What a judge says of the same random images of classes 0, 1 and 2. */
const verdictOf = async (judge: Judge): Promise<{ readonly crossEntropy: number; readonly statistics: number }> => {
  const compiled = await device.compile(
    trace({ images: float32(...shape), targets: float32(3, 3) }, ({ images, targets }) => ({
      ...judge(images, targets),
    })),
  );
  const images: Tensor = uniform(stream(6, "images"), shape, -1, 1);
  const { crossEntropy, statistics } = await compiled.run({ images, targets: tensor(oneHot([0, 1, 2], 3), [3, 3]) });
  await compiled.release();
  return { crossEntropy: floats(crossEntropy)[0]!, statistics: floats(statistics)[0]! };
};

const stage = async () => stageOf(device, data, await temporaryFolder());

test("SRe2L shows small images whole, CDA ever smaller parts of them", async () => {
  const [plain, curriculum] = [sre2lSynthesis(await stage()), cdaSynthesis(await stage())];
  expect([0, 0.5, 1].map((fraction) => plain.least(fraction))).toEqual([1, 1, 1]);
  expect([0, 0.5, 1].map((fraction) => curriculum.least(fraction))).toEqual([1, 0.54, 0.08]);
  const large = { ...(await stage()), data: { ...data, task: { ...data.task, image: { height: 64, width: 64 } } } };
  expect(sre2lSynthesis(large).least(0)).toBe(0.08);
});

describe("DWA", () => {
  test("starts from the real images that random images are, batch by batch", async () => {
    const made = await stage();
    const { start } = dwaSynthesis(made);
    const picks = drawImages(data, 2, made.recipe.seed);
    const [one, other] = await Promise.all(classBatches(2, 3).map((batch) => start(batch)));
    expect(one).toEqual(await readable(data).images(picks.subarray(0, 3)));
    expect(other).toEqual(await readable(data).images(picks.subarray(3, 6)));
  });

  test("judges each batch by the teacher nudged on its images, with variances weighing 11 times", async () => {
    const made = await stage();
    const teacher = made.teachers[0]!;
    const lane: Lane = {
      device,
      held: (_name, open) => open(),
      stepper: (_name, traced) => device.compileStep(traced()),
    };
    const { own, judges, start } = dwaSynthesis(made);
    const images = await start(first!);
    const nudged = await nudge(lane, teacher, images, classesOf(first!), { rho: 0.015, steps: 12 });
    const [judge] = await own!(images, first!, lane);
    const said = await verdictOf(judge!);
    expect(said).toEqual(await verdictOf((x, is) => judgeClasses(nudged, x, is, { variance: 11 })));
    expect(said.crossEntropy).not.toBe((await verdictOf(judges[0]!)).crossEntropy);
    expect(said.statistics).not.toBe((await verdictOf((x, is) => judgeClasses(nudged, x, is))).statistics);
  });
});

test("G-VBSM has a judge for every teacher, which measures convolutions too", async () => {
  const made = await stage();
  const { judges } = await gvbsmSynthesis(made);
  const known = await collectStatistics(made, made.teachers);
  expect(judges).toHaveLength(2);
  for (const [j, teacher] of made.teachers.entries()) {
    const before = (logits: Value) => convolutionGaps(logits, known[j]!);
    const said = await verdictOf(judges[j]!);
    expect(said).toEqual(await verdictOf((x, is) => judgeClasses(teacher, x, is, { before })));
    expect(said.statistics).not.toBe((await verdictOf((x, is) => judgeClasses(teacher, x, is))).statistics);
  }
});

describe("many classes", () => {
  test("go through in batches of nearly equal size, every class as often as was asked for", () => {
    expect(classBatches(2, 3)).toEqual([
      { k: 0, from: 0, to: 3, part: [] },
      { k: 1, from: 0, to: 3, part: [] },
    ]);
    expect(classBatches(1, 100)).toHaveLength(1);
    const batches = classBatches(3, 257);
    expect(new Set(batches.map(({ from, to }) => to - from))).toEqual(new Set([85, 86]));
    for (let k = 0; k < 3; k++) {
      const classes = batches.filter((batch) => batch.k === k).flatMap((batch) => [...classesOf(batch)]);
      expect(classes).toEqual(Array.from({ length: 257 }, (_, c) => c));
    }
  });

  test("are told apart as themselves, in whichever batch they are", async () => {
    const many = await prepared({ classes: 102, side: 8, images: 1 });
    const teacher = teacherOf("convnet8x1", many);
    const { bases: pixels, curves } = await sre2l.make(
      stageOf(device, many, await temporaryFolder(), { teachers: [teacher], recipe: { ipc: 1, iterations: 80 } }),
    );
    expect(curves.map(({ name }) => name)).toEqual(["sre2l 0 0", "sre2l 0 51"]);
    const classifier = await openClassifier(device, teacher);
    const logits = await classifier.logits(normalise(pixels, many.dataset.normalisation, 8, 8));
    await classifier.release();
    const surprise = (of: (c: number) => number): number => {
      const rows = Array.from({ length: 102 }, (_, c) =>
        crossEntropyOf(logits.subarray(c * 102, (c + 1) * 102), of(c)),
      );
      return rows.reduce((sum, value) => sum + value, 0) / 102;
    };
    const own = surprise((c) => c);
    expect(own).toBeLessThan(surprise((c) => (c + 51) % 102) - 0.4);
    expect(own).toBeLessThan(Math.log(102) - 0.3);
  });
});
