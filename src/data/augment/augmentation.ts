// Augmentations that a batch shares, as part of a traced step.

import type { TensorType, Value } from "../../autodiff/index.ts";
import type { Named } from "../../nn/layers.ts";
import { colourType, recolour } from "./colour.ts";
import type { Size } from "./resized-crop.ts";
import { applyView, type View, viewTypes } from "./view.ts";

/** A change of images [N, 3, H, W], the same for all of a batch, by tensors that are drawn anew for every step. */
export interface Augmentation {
  readonly types: Named<TensorType>;
  /** True where it only moves pixels: arithmetic pixel by pixel may then come before or after it. */
  readonly moves: boolean;
  apply(images: Value, drawn: Named<Value>): Value;
}

const viewOf = ({ rows, columns }: Named<Value>): View<Value> => ({ rows: rows!, columns: columns! });

/** Cyclic shifts. */
export const shifting = (image: Size): Augmentation => ({
  types: { ...viewTypes("places", image) },
  moves: true,
  apply: (images, drawn) => applyView(images, viewOf(drawn)),
});

/** Crops, mirrored, shifted or both: whatever a pair of matrices can say. */
export const cropping = (image: Size): Augmentation => ({
  types: { ...viewTypes("mixes", image) },
  moves: false,
  apply: (images, drawn) => applyView(images, viewOf(drawn)),
});

/** Colour first, then such a crop. */
export const colouring = (image: Size): Augmentation => ({
  types: { ...viewTypes("mixes", image), colour: colourType },
  moves: false,
  apply: (images, drawn) => applyView(recolour(images, drawn.colour!), viewOf(drawn)),
});
