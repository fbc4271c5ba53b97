// Mean features again, where those of the real images are known: nothing of them is computed in a step.
import { add, float32, mul, reshape, slice } from "../../autodiff/index.ts";
import { crossEntropy } from "../../nn/losses.ts";
import type { Networks } from "../networks.ts";
import { penultimate } from "./features.ts";
import { meanGaps, outputsIn } from "./mean-features.ts";
import type { Objective } from "./objective.ts";

export interface KnownBatch {
  /** Classes of a step; images stand class by class. */
  readonly classes: number;
  /** Images of each. */
  readonly synthetic: number;
  /** F, features of an image. */
  readonly features: number;
  /** Weight of the cross-entropy of the network's own outputs; 0 leaves it out. */
  readonly crossEntropy: number;
}

/**
 * Sum over classes of || mean psi(synthetic) - known mean ||^2, plus a weight times the cross-entropy of the images under the
 * network. It is fed the network, `known.means` [classes, F] and, where the cross-entropy counts, `known.targets` [n, C].
 */
export const knownMeans = (networks: Networks, batch: KnownBatch): Objective => {
  const { classes, synthetic, features, crossEntropy: weight } = batch;
  const { task } = networks.model;
  return {
    feeds: {
      ...networks.types,
      known: {
        means: float32(classes, features),
        ...(weight > 0 && { targets: float32(classes * synthetic, task.outputs) }),
      },
    },
    loss: (images, { known, ...network }) => {
      const outputs = outputsIn(networks, network, images);
      const mean = (c: number) => reshape(slice(known!.means!, 0, c, c + 1), [features]);
      const distance = meanGaps(penultimate(outputs), classes, mean);
      if (weight === 0) return { loss: distance, scalars: { distance } };
      const told = crossEntropy(outputs, known!.targets!);
      return { loss: add(distance, mul(told, weight)), scalars: { distance, crossEntropy: told } };
    },
  };
};
