import { afterAll, beforeAll, describe, test } from "vitest";
import { type Tensor, tensor } from "../../../src/autodiff/index.ts";
import { cropping } from "../../../src/data/augment/augmentation.ts";
import { drawView } from "../../../src/data/augment/view.ts";
import { gvbsm } from "../../../src/distill/methods/gvbsm.ts";
import { collectStatistics, convolutionGaps } from "../../../src/distill/objectives/convolutions.ts";
import { type TeacherOptions, teacherObjective } from "../../../src/distill/objectives/teacher.ts";
import { traceStep } from "../../../src/distill/optimise-step.ts";
import { adam, hyperTensors, zerosLike } from "../../../src/nn/optimisers.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { oneHot } from "../../../src/tasks/classification.ts";
import type { Frozen } from "../../../src/training/train-step.ts";
import { floats } from "../../autodiff/draw.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { layoutWith, prepared, stageOf, teacherOf } from "../methods/workshop.ts";
import { copied, expectGradient } from "./differences.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

/** Images of classes 0, 1 and 2. */
const targets = (): Tensor => tensor(oneHot([0, 1, 2], 3), [3, 3]);

const openLoss = async (teacher: Frozen, { alpha, ...options }: TeacherOptions) => {
  const { image } = data.task;
  const view = drawView(stream(6, "view"), image, 0.3);
  const optimiser = adam({ beta1: 0.5, beta2: 0.9 });
  const parts = {
    layout: layoutWith(data.dataset, 1, 0),
    normalisation: data.dataset.normalisation,
    augmentation: cropping(image),
    optimiser,
  };
  const traced = traceStep(parts, { learnt: { bases: 3 } }, teacherObjective(teacher, 3, { alpha, ...options }));
  const stepper = await device.compileStep(traced);
  return {
    release: () => stepper.release(),
    loss: async (images: Tensor) => {
      await stepper.write({ learnt: { bases: images }, slots: zerosLike(traced.inputs.state.slots), fixed: {} });
      const { crossEntropy, statistics } = await stepper.run({
        view: { rows: copied(view.rows), columns: copied(view.columns) },
        objective: { labels: { targets: targets() } },
        hyper: hyperTensors(optimiser.hyper(0, 0)),
      });
      // After one step from zero moments the first moment, kept as m / (1 - b1), is the gradient.
      const gradient = floats((await stepper.read()).slots.first!.bases!);
      return { loss: floats(crossEntropy!)[0]! + alpha * floats(statistics!)[0]!, gradient };
    },
  };
};

describe("the gradient of an image step, through a crop, agrees with differences", () => {
  test.each([
    ["convnet6x2", 0],
    ["convnet6x2", 0.1],
    ["resnet18w4", 0.01],
  ])("%s, alpha %d", async (architecture, alpha) => {
    const { loss, release } = await openLoss(teacherOf(architecture, data, 4.5), { alpha, variance: 11 });
    await expectGradient(loss);
    await release();
  });

  test("statistics of convolutions too", async () => {
    const teacher = teacherOf("convnet6x2", data, 4.5);
    const stage = stageOf(gvbsm, device, data, await temporaryFolder(), { teachers: [teacher] });
    const [known] = await collectStatistics(stage);
    const { loss, release } = await openLoss(teacher, {
      alpha: 0.1,
      before: (logits) => convolutionGaps(logits, known!),
    });
    await expectGradient(loss);
    await release();
  });
});
