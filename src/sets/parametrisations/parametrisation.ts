// The ways to store an image: what is kept of it, and how it is rebuilt. One record each; `registry.ts` lists them.
import type { Value } from "../../autodiff/index.ts";
import type { Size } from "../../data/augment/resized-crop.ts";

/** A way to store images, at fewer values an image than pixels where that pays. */
export interface Parametrisation {
  /** Its name in manifests and in recipes (`storage: formation2`). */
  readonly kind: string;
  /** Completes a line of help. */
  readonly about: string;
  /** Images that are stored in the values of one. */
  readonly perImage: number;
  /** Size of what is stored of an image. @throws DistilleryError RECIPE where images of that size cannot be stored so. */
  stored(image: Size): Size;
  /** Stores natural images: pixels [n, 3, H, W], 0..255, to [n, 3, h, w]. */
  encode(pixels: Uint8Array, image: Size): Uint8Array;
  /** Images [n, 3, H, W] of what is stored of them [n, 3, h, w], both normalised; differentiable, in standard operators. */
  decode(stored: Value, image: Size): Value;
}
