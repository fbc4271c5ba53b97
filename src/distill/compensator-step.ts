import {
  add,
  clamp,
  constant,
  float32,
  gather,
  gradients,
  int64,
  mapTree,
  mul,
  reshape,
  type Tensor,
  type TensorType,
  type Traced,
  tensor,
  trace,
  type Value,
} from "../autodiff/index.ts";
import type { Normalisation } from "../data/dataset.ts";
import { validRange } from "../data/normalisation.ts";
import type { Weights } from "../models/model.ts";
import { measuringNorm } from "../nn/batch-norm.ts";
import { crossEntropy, statisticsLoss } from "../nn/losses.ts";
import { hyperTypes, type Optimiser } from "../nn/optimisers.ts";
import type { Frozen } from "../training/train-step.ts";

/** u [1,3,H,W] and its moments; the base images and targets ride along unchanged, so one graph serves every base set. */
export interface CompensatorState {
  readonly u: TensorType;
  readonly slots: Record<string, TensorType>;
  readonly base: TensorType;
}

/** Where every row and column of the shifted image comes from: lists of H and W indices. */
export interface CompensatorFeeds {
  readonly rows: TensorType;
  readonly columns: TensorType;
  readonly hyper: Record<string, TensorType>;
}

export type CompensatorFetches = { readonly crossEntropy: TensorType; readonly statistics: TensorType };

export const compensatorStateTypes = ({ model: { task } }: Frozen, optimiser: Optimiser): CompensatorState => {
  const u = float32(1, 3, task.image.height, task.image.width);
  return {
    u,
    slots: Object.fromEntries(optimiser.slots.map((slot) => [slot, u])),
    base: float32(task.classes, 3, task.image.height, task.image.width),
  };
};

/** One row [C, C]: the identity, as targets of a batch that holds every class once, in order. */
const everyClassOnce = (classes: number): Value => {
  const rows = new Float32Array(classes * classes);
  for (let c = 0; c < classes; c++) rows[c * classes + c] = 1;
  return constant(tensor(rows, [classes, classes]));
};

/**
 * One step towards u_kj (method: INFER, arXiv 2408.06927):
 *
 *   CE(f(t(clip(P + u))), [0..C-1]) + alpha sum_l w_l (||mean_l - running mean_l|| + ||var_l - running var_l||)
 *
 * All C base images go through the frozen teacher in one batch, with the one u added to each. t is a cyclic shift of rows
 * and columns. The clip to valid pixels is part of the loss, so u is optimised for the images that the set will give.
 */
export const traceCompensatorStep = (
  teacher: Frozen,
  optimiser: Optimiser,
  normalisation: Normalisation,
  alpha: number,
): Traced<
  { state: CompensatorState; feeds: CompensatorFeeds },
  { state: CompensatorState; fetches: CompensatorFetches }
> => {
  const { classes, image } = teacher.model.task;
  const { low, high } = validRange(normalisation);
  const bound = (values: readonly number[]): Value => constant(tensor(Float32Array.from(values), [1, 3, 1, 1]));
  const feeds: CompensatorFeeds = {
    rows: int64(image.height),
    columns: int64(image.width),
    hyper: hyperTypes(optimiser),
  };
  return trace(
    { state: compensatorStateTypes(teacher, optimiser), feeds },
    ({ state, feeds: { rows, columns, hyper } }) => {
      const { parameters, statistics } = mapTree<Weights, Tensor, Value>(
        teacher.weights,
        constant,
      ) as unknown as Weights<Value>;
      const shift = (x: Value): Value => gather(gather(x, rows, 2), columns, 3);
      // The shift goes to u before it meets the images: its transpose then acts on one image instead of C.
      const images = clamp(add(shift(state.base), shift(state.u)), bound(low), bound(high));
      const { normalise, gaps } = measuringNorm(parameters, statistics);
      const ce = crossEntropy(teacher.model.forward(parameters, images, normalise), everyClassOnce(classes));
      const distance = statisticsLoss(gaps);
      const gradient = gradients(add(ce, mul(distance, alpha)), state.u);
      const { parameter, slots } = optimiser.update(state.u, gradient, state.slots, hyper);
      return {
        state: { u: parameter, slots, base: state.base },
        fetches: { crossEntropy: reshape(ce, []), statistics: reshape(distance, []) },
      };
    },
  ) as Traced<
    { state: CompensatorState; feeds: CompensatorFeeds },
    { state: CompensatorState; fetches: CompensatorFetches }
  >;
};
