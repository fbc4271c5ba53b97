import type { Random } from "../../support/random.ts";
import { type CropFlipOptions, cropFlip } from "./augment.ts";
import { randomResizedCrop, type Size } from "./resized-crop.ts";

/** How images are cropped to be trained on: moved by a few pixels, or a random part of each resized to the whole. */
export type Cropping = "shift" | "resize";

/**
 * Crops every image of a normalised batch [n, 3, h, w] in its own way, `shift`ed by up to `pad` pixels, and mirrors some.
 * Returns a new batch of the same shape.
 */
export const cropImages = (
  batch: Float32Array,
  n: number,
  size: Size,
  cropping: Cropping,
  pad: number,
  random: Random,
  options: CropFlipOptions = {},
): Float32Array => {
  const { height, width } = size;
  if (cropping === "shift") return cropFlip(batch, n, height, width, pad, random, options);
  return cropFlip(randomResizedCrop(batch, n, size, size, random), n, height, width, 0, random, options);
};
