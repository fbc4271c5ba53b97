import { topologicalOrder, type Value } from "../../autodiff/index.ts";
import type { Task } from "../../models/model.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type Frozen, frozenLogits } from "../../training/train-step.ts";

/** How many images go through a network together where nothing is learnt: as many as 256 of 32 x 32 have pixels. */
export const imagesAtOnce = ({ image: { height, width } }: Task): number =>
  Math.max(1, Math.min(256, Math.floor((256 * 32 * 32) / (height * width))));

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
