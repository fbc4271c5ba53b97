// Batch normalisation in training, in use and with its statistics measured.
import {
  add,
  channelAffine,
  channelDot,
  channelSum,
  div,
  float32,
  mul,
  sizeOf,
  splat,
  sqrt,
  sub,
  type TensorType,
  type Value,
} from "../autodiff/index.ts";
import type { Named } from "./layers.ts";

/**
 * Normalises a layer's z; `epsilon` is added to the variance, torch's 1e-5 where it is not said. A network is handed the
 * function to use: training, inference and the reading of statistics are three functions, and a network has no mode.
 */
export type Normalise = (z: Value, layer: string, epsilon?: number) => Value;

/** Added to a variance before its root is taken, where a layer says nothing else. */
export const usualEpsilon = 1e-5;

/** Types of the running statistics of layers with so many channels. */
export const statisticsTypes = (layers: Named<number>): Record<string, TensorType> =>
  Object.fromEntries(
    Object.entries(layers).flatMap(([name, channels]) => [
      [`${name}.running_mean`, float32(channels)],
      [`${name}.running_var`, float32(channels)],
    ]),
  );

/** Mean and biased variance of z [N, C, H, W] over N, H, W. */
export const momentsOf = (z: Value): { mean: Value; variance: Value } => {
  const count = sizeOf(z.shape) / z.shape[1]!;
  const mean = mul(channelSum(z), 1 / count);
  return { mean, variance: sub(mul(channelDot(z, z), 1 / count), mul(mean, mean)) };
};

const affine = (
  z: Value,
  p: Named<Value>,
  layer: string,
  mean: Value,
  variance: Value,
  epsilon = usualEpsilon,
): Value => {
  const scale = div(p[`${layer}.weight`]!, sqrt(add(variance, epsilon)));
  return channelAffine(z, scale, sub(p[`${layer}.bias`]!, mul(mean, scale)));
};

/** Normalisation by the batch's own statistics; `updated` collects the new running statistics (unbiased variance). */
export const trainingNorm = (
  p: Named<Value>,
  statistics: Named<Value>,
  momentum = 0.1,
): { normalise: Normalise; updated: Record<string, Value> } => {
  const updated: Record<string, Value> = {};
  const blend = (name: string, fresh: Value): void => {
    updated[name] = add(mul(statistics[name]!, 1 - momentum), mul(fresh, momentum));
  };
  return {
    updated,
    normalise: (z, layer, epsilon) => {
      const { mean, variance } = momentsOf(z);
      const count = sizeOf(z.shape) / z.shape[1]!;
      blend(`${layer}.running_mean`, mean);
      blend(`${layer}.running_var`, mul(variance, count / (count - 1)));
      return affine(z, p, layer, mean, variance, epsilon);
    },
  };
};

/** Normalisation by running statistics. */
export const inferenceNorm =
  (p: Named<Value>, statistics: Named<Value>): Normalise =>
  (z, layer, epsilon) =>
    affine(z, p, layer, statistics[`${layer}.running_mean`]!, statistics[`${layer}.running_var`]!, epsilon);

/** Distance of a batch from a layer's training: mean - running mean and variance - running variance, [C] each. */
export interface MomentGap {
  readonly layer: string;
  readonly mean: Value;
  readonly variance: Value;
}

/**
 * Measures z [N, C, H, W] against a known mean and variance, [C] each. z is centred on the mean first: the small differences
 * then carry no cancellation error of large means.
 */
export const momentGap = (
  layer: string,
  z: Value,
  knownMean: Value,
  knownVariance: Value,
): { centred: Value; gap: MomentGap } => {
  const centred = channelAffine(z, splat(1, knownMean.shape), mul(knownMean, -1));
  const { mean, variance } = momentsOf(centred);
  return { centred, gap: { layer, mean, variance: sub(variance, knownVariance) } };
};

/**
 * Inference that also measures each layer's input, for the term that INFER (arXiv 2408.06927) weighs by alpha and SRe2L
 * (arXiv 2306.13092) by its own: distances to the running statistics. The simplifier folds the centring into the
 * convolution before it.
 */
export const statisticsNorm = (
  p: Named<Value>,
  statistics: Named<Value>,
): { normalise: Normalise; gaps: MomentGap[] } => {
  const gaps: MomentGap[] = [];
  return {
    gaps,
    normalise: (z, layer, epsilon = usualEpsilon) => {
      const runningVariance = statistics[`${layer}.running_var`]!;
      const { centred, gap } = momentGap(layer, z, statistics[`${layer}.running_mean`]!, runningVariance);
      gaps.push(gap);
      const scale = div(p[`${layer}.weight`]!, sqrt(add(runningVariance, epsilon)));
      return channelAffine(centred, scale, p[`${layer}.bias`]!);
    },
  };
};
