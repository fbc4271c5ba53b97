import {
  add,
  float32,
  gradients,
  mul,
  reshape,
  type TensorType,
  type Traced,
  trace,
  type Value,
} from "../autodiff/index.ts";
import { look, movesOnly, type View, type ViewKind, viewTypes } from "../data/augment/view.ts";
import type { Normalisation } from "../data/dataset.ts";
import { hyperTypes, type Optimiser } from "../nn/optimisers.ts";
import type { Frozen } from "../training/train-step.ts";
import { clipPixels } from "./clip.ts";
import { everyClassOnce, judgeClasses } from "./objectives/judge.ts";

/** u [1,3,H,W] and its moments; the base images and targets ride along unchanged, so one graph serves every base set. */
export interface CompensatorState {
  readonly u: TensorType;
  readonly slots: Record<string, TensorType>;
  readonly base: TensorType;
}

/** The view of a step. */
export interface CompensatorFeeds extends View<TensorType> {
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

/**
 * t(clip(P + u)): what a teacher is shown, where t is the step's view. Where t only moves pixels the clip may come last, and t
 * goes to u before it meets the images: its transpose then acts on one image instead of C.
 */
export const seenImages = (base: Value, u: Value, view: View<Value>, normalisation: Normalisation): Value =>
  movesOnly(view)
    ? clipPixels(add(look(base, view), look(u, view)), normalisation)
    : look(clipPixels(add(base, u), normalisation), view);

/**
 * One step towards u_kj (INFER, arXiv 2408.06927):
 *
 *   CE(f(t(clip(P + u))), [0..C-1]) + alpha sum_l w_l (||mean_l - running mean_l|| + ||var_l - running var_l||)
 *
 * All C base images go through the frozen teacher in one batch, with the one u added to each. t is a view of kind `views`, the
 * same for all images of a step. The clip to valid pixels is part of the loss, so u is optimised for the images that the set will give.
 */
export const traceCompensatorStep = (
  teacher: Frozen,
  optimiser: Optimiser,
  normalisation: Normalisation,
  alpha: number,
  views: ViewKind = "places",
): Traced<
  { state: CompensatorState; feeds: CompensatorFeeds },
  { state: CompensatorState; fetches: CompensatorFetches }
> => {
  const { image, classes } = teacher.model.task;
  const feeds: CompensatorFeeds = { ...viewTypes(views, image), hyper: hyperTypes(optimiser) };
  return trace({ state: compensatorStateTypes(teacher, optimiser), feeds }, ({ state, feeds: { hyper, ...view } }) => {
    const images = seenImages(state.base, state.u, view, normalisation);
    const { crossEntropy: ce, statistics: distance } = judgeClasses(teacher, images, everyClassOnce(classes));
    const gradient = gradients(add(ce, mul(distance, alpha)), state.u);
    const { parameter, slots } = optimiser.update(state.u, gradient, state.slots, hyper);
    return {
      state: { u: parameter, slots, base: state.base },
      fetches: { crossEntropy: reshape(ce, []), statistics: reshape(distance, []) },
    };
  }) as Traced<
    { state: CompensatorState; feeds: CompensatorFeeds },
    { state: CompensatorState; fetches: CompensatorFetches }
  >;
};
