// A teacher's weights, moved a little uphill for one batch (DWA's directed weight adjustment).
import {
  add,
  constant,
  div,
  float32,
  gradients,
  mul,
  reduceSum,
  sqrt,
  type TensorType,
  type Traced,
  tensor,
  trace,
  type Value,
} from "../../autodiff/index.ts";
import { weightTypes } from "../../models/model.ts";
import { inferenceNorm } from "../../nn/batch-norm.ts";
import { crossEntropy } from "../../nn/losses.ts";
import { oneHot } from "../../tasks/classification.ts";
import type { Worker } from "../../training/jobs.ts";
import type { Frozen } from "../../training/train-step.ts";

type Types = Record<string, TensorType>;
type AdjustmentStep = Traced<
  { state: { parameters: Types }; feeds: { images: TensorType; targets: TensorType } },
  { state: { parameters: Types }; fetches: { crossEntropy: TensorType } }
>;

/** One step of gradient ascent on a teacher's weights, of Euclidean length `length` over all of them together. */
export const traceAdjustment = ({ model, weights }: Frozen, length: number, count: number): AdjustmentStep => {
  const { classes, image } = model.task;
  const { parameters } = weightTypes(model);
  const inputs = {
    state: { parameters },
    feeds: { images: float32(count, 3, image.height, image.width), targets: float32(count, classes) },
  };
  return trace(inputs, ({ state, feeds: { images, targets } }) => {
    const statistics = Object.fromEntries(
      Object.entries(weights.statistics).map(([name, known]) => [name, constant(known)]),
    );
    const logits = model.forward(state.parameters, images, inferenceNorm(state.parameters, statistics));
    const loss = crossEntropy(logits, targets);
    const gradient = gradients(loss, state.parameters);
    const squares = Object.values(gradient).map((g) => reduceSum(mul(g, g)));
    // 1e-20: where there is no gradient at all nothing moves.
    const scale = div(
      length,
      sqrt(
        add(
          squares.reduce((sum, square) => add(sum, square)),
          1e-20,
        ),
      ),
    );
    const moved = Object.entries(state.parameters).map(([name, weight]) => [
      name,
      add(weight, mul(gradient[name]!, scale)),
    ]);
    return {
      state: { parameters: Object.fromEntries(moved) as Record<string, Value> },
      fetches: { crossEntropy: loss },
    };
  });
};

/** A teacher after `steps` such steps of total length `rho`, judged on images [N, 3, H, W], one of each of N classes. */
export const adjustWeights = async (
  worker: Worker,
  teacher: Frozen,
  images: Float32Array,
  classes: Int32Array,
  { rho, steps }: { readonly rho: number; readonly steps: number },
): Promise<Frozen> => {
  const { model, weights } = teacher;
  const { image } = model.task;
  const count = classes.length;
  const stepper = await worker.stepper(`adjustment ${count}`, () => traceAdjustment(teacher, rho / steps, count));
  await stepper.write({ parameters: weights.parameters });
  for (let step = 0; step < steps; step++) {
    // The buffers are handed over.
    await stepper.run({
      images: tensor(images.slice(), [count, 3, image.height, image.width]),
      targets: tensor(oneHot([...classes], model.task.classes), [count, model.task.classes]),
    });
  }
  const { parameters } = await stepper.read();
  return { model, weights: { parameters, statistics: weights.statistics } };
};
