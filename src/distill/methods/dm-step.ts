import {
  add,
  float32,
  gradients,
  mul,
  reduceSum,
  slice,
  sub,
  type TensorType,
  type Traced,
  trace,
  type Value,
} from "../../autodiff/index.ts";
import { colourType, recolour } from "../../data/augment/colour.ts";
import { look, type View, viewTypes } from "../../data/augment/view.ts";
import type { Normalisation } from "../../data/dataset.ts";
import type { Model } from "../../models/model.ts";
import { hyperTypes, type Optimiser } from "../../nn/optimisers.ts";
import { clipPixels } from "../clip.ts";
import { penultimate } from "./features.ts";
import { type ImageState, imageStateTypes } from "./image-step.ts";

/** A random network, real images [n, 3, H, W] of the class, a view and a colour of all images. */
export interface MatchFeeds extends View<TensorType> {
  readonly network: Record<string, TensorType>;
  readonly real: TensorType;
  readonly colour: TensorType;
  readonly hyper: Record<string, TensorType>;
}

export type MatchFetches = { readonly distance: TensorType };

export type MatchStep = Traced<{ state: ImageState; feeds: MatchFeeds }, { state: ImageState; fetches: MatchFetches }>;

/** Real images go through the network a few at a time: nothing of them is kept for a gradient. */
const stretch = 64;

/**
 * One step of distribution matching (Zhao & Bilen, arXiv 2110.04181) for one class: the synthetic images move
 * down || mean psi(A(real)) - mean psi(A(synthetic)) ||^2, psi being a network's features and A a colour and a view that all images share.
 * The network must treat every image for itself: it is not told which statistics to use.
 */
export const traceMatchStep = (
  model: Model,
  optimiser: Optimiser,
  normalisation: Normalisation,
  count: number,
  real: number,
): MatchStep => {
  const { task, parameters } = model;
  const network = Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, float32(...shape)]));
  const inputs = {
    state: imageStateTypes(count, task, optimiser),
    feeds: {
      network,
      real: float32(real, 3, task.image.height, task.image.width),
      ...viewTypes("mixes", task.image),
      colour: colourType,
      hyper: hyperTypes(optimiser),
    },
  };
  return trace(inputs, ({ state: { images, slots }, feeds: { network: p, real: known, hyper, colour, ...view } }) => {
    const sumOf = (some: Value): Value =>
      reduceSum(penultimate(model.forward(p, look(recolour(some, colour), view), (z) => z)), [0]);
    const parts = Array.from({ length: Math.ceil(real / stretch) }, (_, i) =>
      sumOf(slice(known, 0, i * stretch, Math.min(real, (i + 1) * stretch))),
    );
    const wanted = mul(parts.reduce(add), 1 / real);
    const apart = sub(mul(sumOf(images), 1 / count), wanted);
    const distance = reduceSum(mul(apart, apart));
    const next = optimiser.update(images, gradients(distance, images), slots, hyper);
    return {
      state: { images: clipPixels(next.parameter, normalisation), slots: next.slots },
      fetches: { distance },
    };
  }) as MatchStep;
};
