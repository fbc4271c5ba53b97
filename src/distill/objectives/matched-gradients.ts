// The objective of gradient matching: synthetic images move a network's weights as real ones do.
import {
  abs,
  add,
  div,
  float32,
  gradients,
  mul,
  reduceSum,
  reshape,
  sizeOf,
  sub,
  type Value,
} from "../../autodiff/index.ts";
import type { Named } from "../../nn/layers.ts";
import { crossEntropy, norm } from "../../nn/losses.ts";
import type { Networks } from "../networks.ts";
import { outputsIn } from "./features.ts";
import type { Objective } from "./objective.ts";

/** Distances of two gradients [rows, columns] of a layer's weights, a row for each output. */
const distances = {
  /** Sums over rows 1 - cos (DC, arXiv 2006.05929); 1 for a row without a gradient. */
  cosine: (a: Value, b: Value): Value => {
    const cosines = div(reduceSum(mul(a, b), [1]), add(mul(norm(a, [1]), norm(b, [1])), 1e-8));
    return reduceSum(sub(1, cosines));
  },
  /** Sums of squares and of absolute values (IDC, arXiv 2205.14959). */
  mse: (a: Value, b: Value): Value => {
    const apart = sub(a, b);
    return reduceSum(mul(apart, apart));
  },
  l1: (a: Value, b: Value): Value => reduceSum(abs(sub(a, b))),
};

export type GradientDistance = keyof typeof distances;
export const distanceNames = ["cosine", "mse", "l1"] as const satisfies readonly GradientDistance[];

export interface GradientBatch {
  /** Real images of the class. */
  readonly real: number;
  readonly distance: GradientDistance;
  /** Weight of the cross-entropy of the synthetic images beside the gradients; 0 leaves it out. */
  readonly crossEntropy: number;
}

/** Matrices and kernels; biases and the norms' scales are left out, as in DC and IDC. */
const layersOf = (parameters: Named<Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(parameters).filter(([, { shape }]) => shape.length > 1));

const asRows = (x: Value): Value => reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);

/**
 * Sum over layers of D(d CE(A(real)) / d w, d CE(A(synthetic)) / d w), A being the augmentation of the step, the same for both
 * (DSA, arXiv 2102.08259), plus a weight times CE(A(synthetic)). All images are of one class. It is fed the network,
 * `real.images` [real, 3, H, W] and `label.target` [1, C].
 */
export const matchedGradients = (networks: Networks, batch: GradientBatch): Objective => {
  const { outputs, image } = networks.model.task;
  return {
    feeds: {
      ...networks.types,
      real: { images: float32(batch.real, 3, image.height, image.width) },
      label: { target: float32(1, outputs) },
    },
    loss: (images, { real, label, ...network }, seen) => {
      const layers = layersOf(network.parameters!);
      const told = (some: Value): Value => crossEntropy(outputsIn(networks, network, some), label!.target!);
      const own = told(images);
      const wanted = gradients(told(seen(real!.images!)), layers);
      const distance = Object.entries(gradients(own, layers))
        .map(([name, gradient]) => distances[batch.distance](asRows(wanted[name]!), asRows(gradient)))
        .reduce(add);
      if (batch.crossEntropy === 0) return { loss: distance, scalars: { distance } };
      return { loss: add(distance, mul(own, batch.crossEntropy)), scalars: { distance, crossEntropy: own } };
    },
  };
};
