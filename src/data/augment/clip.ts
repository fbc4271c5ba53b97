// Cutting off what no pixel can show.
import { clamp, constant, tensor, type Value } from "../../autodiff/index.ts";
import type { Normalisation } from "../dataset.ts";
import { validRange } from "../normalisation.ts";

/** Normalised images [N, 3, H, W] cut off where a pixel would be below black or above white, channel by channel. */
export const clipPixels = (images: Value, normalisation: Normalisation): Value => {
  const { low, high } = validRange(normalisation);
  const bound = (values: readonly number[]): Value => constant(tensor(Float32Array.from(values), [1, 3, 1, 1]));
  return clamp(images, bound(low), bound(high));
};
