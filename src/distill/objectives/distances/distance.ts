// The record of a distance between features of real and of synthetic images of a class.
import { add, mul, reduceSum, type Tensor, type TensorType, type Value } from "../../../autodiff/index.ts";
import type { Named } from "../../../nn/layers.ts";
import type { Random } from "../../../support/random.ts";

/** A distance that synthetic images go down. */
export interface Distance {
  readonly name: string;
  /** Completes a line of help. */
  readonly about: string;
  /** Settings for keys; none for the mean, the default, so that finished work which names no distance is found. */
  readonly key: Readonly<Record<string, unknown>>;
  /** Types of what is drawn for a step or a pair, for F features; none where nothing is drawn. */
  drawn(features: number): Named<TensorType>;
  draw(random: Random, features: number): Named<Tensor>;
  /** The distance, a scalar, of features [m, F] from those of real images, some [n_i, F] at a time. */
  between(synthetic: Value, real: readonly Value[], drawn: Named<Value>): Value;
}

/** A distance between two means over images: the real one can be computed once and kept. */
export interface MeanDistance extends Distance {
  /** Values that the means are taken of, [n, S] of features [n, F]. */
  embed(features: Value, drawn: Named<Value>): Value;
  /** The distance, a scalar, of two means [S]. */
  gap(synthetic: Value, real: Value): Value;
}

/** The mean [S] of rows that come some at a time, [n_i, S]. */
export const meanOf = (parts: readonly Value[]): Value => {
  const n = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return mul(parts.map((rows) => reduceSum(rows, [0])).reduce(add), 1 / n);
};

/** Draws nothing. */
export const nothingDrawn: Pick<Distance, "drawn" | "draw"> = { drawn: () => ({}), draw: () => ({}) };

/** Completes a distance between means. */
export const ofMeans = (distance: Omit<MeanDistance, "between">): MeanDistance => ({
  ...distance,
  between: (synthetic, real, drawn) => {
    const mean = (parts: readonly Value[]): Value => meanOf(parts.map((some) => distance.embed(some, drawn)));
    return distance.gap(mean([synthetic]), mean(real));
  },
});
