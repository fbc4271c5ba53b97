// Images that a network reads a few at a time.
import type { Model } from "../models/model.ts";
import type { Images } from "../nn/whitening.ts";
import type { Random } from "../support/random.ts";

/** Normalised images that are read a few at a time. */
export interface ImageSource {
  readonly length: number;
  /** [n, 3, H, W]. */
  images(indices: Int32Array): Promise<Float32Array>;
}

/** Enough for the statistics of 3 x 3 patches, of which every image has hundreds. */
const fittingImages = 2000;

/** Images for a network that is fitted to some before its first step; undefined for all others. */
export const imagesToFit = async (model: Model, source: ImageSource, random: Random): Promise<Images | undefined> => {
  if (model.fit === undefined) return undefined;
  const { height, width } = model.task.image;
  const some = random.permutation(source.length).subarray(0, fittingImages);
  return { pixels: await source.images(some), height, width };
};
