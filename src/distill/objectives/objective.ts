// The quantity that images are learnt to make small.

import type { TensorType, Value } from "../../autodiff/index.ts";
import type { Named } from "../../nn/layers.ts";

/** Groups of named leaves, such as a network's weights or a batch of real images. */
export type Groups<T> = Named<Named<T>>;

export interface Loss {
  /** Scalar that the learnt values go down. */
  readonly loss: Value;
  /** Scalars that are reported, by name. */
  readonly scalars: Named<Value>;
}

/** A loss of images, and what it is given at every step. */
export interface Objective {
  /** Types of what it is fed: targets, real images, a network. */
  readonly feeds: Groups<TensorType>;
  /** The loss of images [N, 3, H, W] as they are seen; `seen` shows other images in the same way. */
  loss(images: Value, feeds: Groups<Value>, seen: (images: Value) => Value): Loss;
}
