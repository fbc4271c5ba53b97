import { add, float32, gradients, mul, type TensorType, type Traced, trace } from "../../autodiff/index.ts";
import { look, type View, viewTypes } from "../../data/augment/view.ts";
import type { Normalisation } from "../../data/dataset.ts";
import type { Task } from "../../models/model.ts";
import { hyperTypes, type Optimiser } from "../../nn/optimisers.ts";
import { clipPixels } from "../clip.ts";
import type { Judge } from "../objectives/judge.ts";

/** Normalised images [N, 3, H, W] and the optimiser's slots, of the same shape. */
export interface ImageState {
  readonly images: TensorType;
  readonly slots: Record<string, TensorType>;
}

export interface ImageFeeds extends View<TensorType> {
  /** [N, C]: the classes that the images are to be told as. */
  readonly targets: TensorType;
  readonly hyper: Record<string, TensorType>;
}

export type ImageFetches = { readonly crossEntropy: TensorType; readonly statistics: TensorType };

export type ImageStep = Traced<{ state: ImageState; feeds: ImageFeeds }, { state: ImageState; fetches: ImageFetches }>;

export const imageStateTypes = (count: number, { image }: Task, optimiser: Optimiser): ImageState => {
  const images = float32(count, 3, image.height, image.width);
  return { images, slots: Object.fromEntries(optimiser.slots.map((slot) => [slot, images])) };
};

/**
 * One step of optimising the images themselves, one of each of some classes c (SRe2L, arXiv 2306.13092):
 *
 *   x <- clip(x - update of CE(f(view(x)), c) + alpha statistics(f, view(x)))
 *
 * What is left of a step outside of valid pixels is cut off at once, as in the reference implementation.
 */
export const traceImageStep = (
  task: Task,
  optimiser: Optimiser,
  normalisation: Normalisation,
  judge: Judge,
  alpha: number,
  count: number = task.classes,
): ImageStep => {
  const inputs = {
    state: imageStateTypes(count, task, optimiser),
    feeds: {
      ...viewTypes("mixes", task.image),
      targets: float32(count, task.classes),
      hyper: hyperTypes(optimiser),
    },
  };
  return trace(inputs, ({ state: { images, slots }, feeds: { hyper, targets, ...view } }) => {
    const { crossEntropy, statistics } = judge(look(images, view), targets);
    const gradient = gradients(add(crossEntropy, mul(statistics, alpha)), images);
    const next = optimiser.update(images, gradient, slots, hyper);
    return {
      state: { images: clipPixels(next.parameter, normalisation), slots: next.slots },
      fetches: { crossEntropy, statistics },
    };
  }) as ImageStep;
};
