// The quantity that images are learnt to make small.
import type { TensorType, Value } from "../../autodiff/index.ts";

type Named<T> = Readonly<Record<string, T>>;

/** Groups of named leaves, such as a network's weights or a batch of real images. */
export type Groups<T> = Named<Named<T>>;

export interface Loss {
  /** What the learnt values go down, a scalar. */
  readonly loss: Value;
  /** What is reported of it, scalars by name. */
  readonly scalars: Named<Value>;
}

/** A loss of images, and what it is given at every step. */
export interface Objective {
  /** What it is fed: targets, real images, a network. */
  readonly feeds: Groups<TensorType>;
  /** The loss of images [N, 3, H, W] as they are seen; `seen` shows other images in the same way. */
  loss(images: Value, feeds: Groups<Value>, seen: (images: Value) => Value): Loss;
}
