// The objective of distribution matching: synthetic images have the mean features of real ones.
import { add, float32, mul, reduceSum, slice, sub, type TensorType, type Value } from "../../autodiff/index.ts";
import type { Networks } from "../networks.ts";
import { penultimate } from "./features.ts";
import type { Groups, Objective } from "./objective.ts";

/** Real images go through the network a few at a time: nothing of them is kept for a gradient. */
const stretch = 64;

export interface MatchedBatch {
  /** Classes of a step: images stand class by class, real ones as well as synthetic ones. */
  readonly classes: number;
  /** Synthetic and real images of each. */
  readonly synthetic: number;
  readonly real: number;
}

/** Features [n, F] of images in a network whose weights are fed. */
export const featuresIn = (
  { model, normalise }: Networks,
  { parameters, statistics }: Groups<Value>,
  images: Value,
): Value => penultimate(model.forward(parameters!, images, normalise(parameters!, statistics ?? {})));

/**
 * Sums over classes || mean real features - mean own features ||^2, of the features [classes synthetic, F] of synthetic images
 * and of real images [classes real, 3, H, W] that `featuresOf` sees a few at a time.
 */
export const meanGaps = (
  own: Value,
  known: Value,
  featuresOf: (images: Value) => Value,
  { classes, synthetic, real }: MatchedBatch,
): Value => {
  const gaps = Array.from({ length: classes }, (_, c) => {
    const end = (c + 1) * real;
    const parts = Array.from({ length: Math.ceil(real / stretch) }, (_, i) => c * real + i * stretch).map((from) =>
      reduceSum(featuresOf(slice(known, 0, from, Math.min(end, from + stretch))), [0]),
    );
    const wanted = mul(parts.reduce(add), 1 / real);
    const mine = classes === 1 ? own : slice(own, 0, c * synthetic, (c + 1) * synthetic);
    const apart = sub(mul(reduceSum(mine, [0]), 1 / synthetic), wanted);
    return reduceSum(mul(apart, apart));
  });
  return gaps.reduce(add);
};

/** What a step of matching is fed: a network, and real images [classes real, 3, H, W]. */
export const matchedFeeds = (networks: Networks, { classes, real }: MatchedBatch): Groups<TensorType> => {
  const { height, width } = networks.model.task.image;
  return { ...networks.types, real: { images: float32(classes * real, 3, height, width) } };
};

/**
 * Mean features (DM, arXiv 2110.04181): sum over classes of || mean psi(A(real)) - mean psi(A(synthetic)) ||^2, psi being what
 * enters a network's last layer and A the augmentation of the step, the same for both.
 */
export const meanFeatures = (networks: Networks, batch: MatchedBatch): Objective => ({
  feeds: matchedFeeds(networks, batch),
  loss: (images, { real, ...network }, seen) => {
    const featuresOf = (some: Value): Value => featuresIn(networks, network, some);
    const distance = meanGaps(featuresOf(images), real!.images!, (some) => featuresOf(seen(some)), batch);
    return { loss: distance, scalars: { distance } };
  },
});
