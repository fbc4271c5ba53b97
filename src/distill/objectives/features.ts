// The features that enter a network's last linear layer.
import { float32, topologicalOrder, trace, type Value } from "../../autodiff/index.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type Frozen, frozenLogits } from "../../training/train-step.ts";
import type { Networks } from "../networks.ts";
import type { Groups } from "./objective.ts";

/**
 * The features that a network's logits are a linear function of, [N, F]: what enters the last matrix product before the
 * logits. A traced forward pass is plain values, so they can be found in it and no network has to offer them.
 */
export const penultimate = (logits: Value): Value => {
  const last = topologicalOrder([logits]).findLast(({ op }) => op.name === "matmul");
  if (last === undefined)
    throw new DistilleryError("SHAPE", "features: the network has no linear layer to stop before");
  return last.inputs[0]!;
};

/** The features of a network with fixed weights. */
export const frozenFeatures = (frozen: Frozen, images: Value): Value => penultimate(frozenLogits(frozen, images));

/** Outputs [n, C] of images in a network whose weights are fed. */
export const outputsIn = (
  { model, normalise }: Networks,
  { parameters, statistics }: Groups<Value>,
  images: Value,
): Value => model.forward(parameters!, images, normalise(parameters!, statistics ?? {}));

/** F, the features of an image in such a network. */
export const featureCount = (networks: Networks): number => {
  const { height, width } = networks.model.task.image;
  const types = { images: float32(1, 3, height, width), network: networks.types };
  const { outputs } = trace(types, ({ images, network }) => ({
    rows: penultimate(outputsIn(networks, network, images)),
  }));
  return outputs.rows.shape[1]!;
};
