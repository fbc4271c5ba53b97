import { afterAll, beforeAll, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/grad.ts";
import { add, mul } from "../../src/autodiff/ops/elementwise.ts";
import { constant } from "../../src/autodiff/ops/leaves.ts";
import { reduceSum } from "../../src/autodiff/ops/reduce.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { mapTree } from "../../src/autodiff/tree.ts";
import { float32, type Tensor, tensor } from "../../src/autodiff/types.ts";
import { freshWeights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { statisticsNorm } from "../../src/nn/batch-norm.ts";
import { statisticsLoss } from "../../src/nn/losses.ts";
import { adamw, hyperTensors } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { classification, oneHot } from "../../src/tasks/classification.ts";
import { startTraining, traceTrainStep } from "../../src/training/train-step.ts";
import { absoluteDot, dot, floats, moved, uniform } from "../autodiff/draw.ts";
import { formulaWeights } from "../goldens/formula.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const [batch, classes, side] = [8, 4, 16];
const task = classification(classes, { height: side, width: side });

test.each(["convnet8x2in", "resnet34w4", "resnet50w4", "mobilenetv2w8", "efficientnetb0w8", "shufflenetv2w8"])(
  "%s learns eight images by heart",
  async (name) => {
    const model = buildModel(name, task);
    const optimiser = adamw();
    const stepper = await device.compileStep(traceTrainStep(model, optimiser, { kind: "hard" }, batch));
    await stepper.write(startTraining(model, optimiser, freshWeights(model, stream(1, name))));
    const images = uniform(stream(2, "images"), [batch, 3, side, side], -2, 2);
    const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { loss } = await stepper.run({
        images: tensor(floats(images).slice(), images.shape),
        targets: { targets: tensor(oneHot(labels, classes), [batch, classes]) },
        hyper: hyperTensors(optimiser.hyper(step, 0.003)),
      });
      losses.push(floats(loss)[0]!);
    }
    const { statistics } = await stepper.read();
    await stepper.release();
    expect(losses.every(Number.isFinite), `losses ${losses}`).toBe(true);
    expect(losses.at(-1)!, `losses ${losses}`).toBeLessThan(0.6 * losses[0]!);
    // Every layer's statistics have moved from where they started.
    for (const layer of Object.keys(model.norms)) {
      expect(floats(statistics[`${layer}.running_mean`]!).some((v) => v !== 0)).toBe(true);
      expect(floats(statistics[`${layer}.running_var`]!).every((v) => v > 0 && v !== 1)).toBe(true);
    }
  },
);

test("efficientnetb0w16: the gradient in the images, statistics included, is what finite differences say", async () => {
  const model = buildModel("efficientnetb0w16", task);
  const shape = [2, 3, side, side];
  const traced = trace({ images: float32(...shape), c: float32(2, classes) }, ({ images, c }) => {
    const { parameters, statistics } = mapTree(formulaWeights(model, 0, 1.75), constant);
    const { normalise, gaps } = statisticsNorm(parameters, statistics);
    const logits = model.forward(parameters, images, normalise);
    const loss = add(reduceSum(mul(logits, c)), mul(statisticsLoss(gaps), 0.01));
    return { loss, gradient: gradients(loss, images) };
  });
  const compiled = await device.compile(traced);
  const random = stream(3, "differences");
  const [images, direction, c] = [shape, shape, [2, classes]].map((s) => uniform(random, s)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const at = async (h: number) => {
    const { loss, gradient } = await compiled.run({ images: moved(images, direction, h), c });
    return { loss: floats(loss)[0]!, gradient: floats(gradient) };
  };
  const h = 1 / 64;
  const [here, near, opposite, far, beyond] = [
    await at(0),
    await at(h),
    await at(-h),
    await at(2 * h),
    await at(-2 * h),
  ];
  await compiled.release();
  const difference = (8 * (near.loss - opposite.loss) - (far.loss - beyond.loss)) / (12 * h);
  const scale = absoluteDot(here.gradient, floats(direction));
  expect(scale).toBeGreaterThan(0.1);
  expect(Math.abs(dot(here.gradient, floats(direction)) - difference) / scale).toBeLessThan(1e-3);
});
