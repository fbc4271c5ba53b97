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

/** Outputs [n, C] of images in a network whose weights are fed. */
export const outputsIn = (
  { model, normalise }: Networks,
  { parameters, statistics }: Groups<Value>,
  images: Value,
): Value => model.forward(parameters!, images, normalise(parameters!, statistics ?? {}));

/** Mean features [F] of images that `featuresOf` sees a few at a time; nothing of a stretch outlives it. */
export const meanOfMany = (images: Value, featuresOf: (some: Value) => Value): Value => {
  const n = images.shape[0]!;
  const parts = Array.from({ length: Math.ceil(n / stretch) }, (_, i) =>
    reduceSum(featuresOf(slice(images, 0, i * stretch, Math.min(n, (i + 1) * stretch))), [0]),
  );
  return mul(parts.reduce(add), 1 / n);
};

/** Rows `c` of `classes` equal parts of x. */
const part = (x: Value, c: number, classes: number): Value => {
  const n = x.shape[0]! / classes;
  return classes === 1 ? x : slice(x, 0, c * n, (c + 1) * n);
};

/** Sums over classes || mean features - wanted ||^2, of features [classes n, F] class by class and a mean [F] for each class. */
export const meanGaps = (features: Value, classes: number, wanted: (c: number) => Value): Value =>
  Array.from({ length: classes }, (_, c) => {
    const own = part(features, c, classes);
    const apart = sub(mul(reduceSum(own, [0]), 1 / own.shape[0]!), wanted(c));
    return reduceSum(mul(apart, apart));
  }).reduce(add);

/** The feeds of a step that sees real images [classes real, 3, H, W]: those and a network. */
const matchedFeeds = (networks: Networks, { classes, real }: MatchedBatch): Groups<TensorType> => {
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
    const { classes } = batch;
    const featuresOf = (some: Value): Value => penultimate(outputsIn(networks, network, some));
    const wanted = (c: number): Value => meanOfMany(part(real!.images!, c, classes), (some) => featuresOf(seen(some)));
    const distance = meanGaps(featuresOf(images), classes, wanted);
    return { loss: distance, scalars: { distance } };
  },
});
