// Random crops of the images of a batch, each with the warp it was moved by.
import type { Random } from "../../support/random.ts";
import type { Warp } from "../../tasks/warp.ts";
import { type Fill, type Move, moveImages } from "./augment.ts";
import { type Crop, defaultCrop, drawCrop, resizeCrops, type Size } from "./resized-crop.ts";

/** The way images are cropped for training: moved by a few pixels, or a random part of each resized to the whole. */
export type Cropping = "shift" | "resize";

/** In words, shifts by up to `pad` pixels; for crops without options of their own. */
export const describeCropping = (cropping: Cropping, pad: number): string => {
  const { scale, ratio } = defaultCrop;
  const moved =
    cropping === "shift"
      ? `each image moved by -${pad} to ${pad} pixels down and across, all shifts alike probable, zeros (the mean colour) coming in`
      : `of each image a random part of ${scale[0]} to ${scale[1]} of its area, ${ratio[0].toFixed(2)} to ${ratio[1].toFixed(2)} times as wide as high, resized to the whole bilinearly`;
  return `${moved}; then mirrored left to right with probability 1/2`;
};

export interface CropOptions {
  /** Zeros by default. */
  readonly fill?: Fill;
  /** For every image whether it is mirrored; by default every second one on average. */
  readonly mirrored?: ArrayLike<number>;
}

/** A batch of images, and how each of them was moved. */
export interface Cropped {
  readonly images: Float32Array;
  readonly warps: readonly Warp[];
}

/** A crop that is resized to the whole image, which then is moved. */
const warpOf = (crop: Crop, { dy, dx, mirrored }: Move, { height, width }: Size): Warp => {
  const [tall, wide] = [height / crop.height, width / crop.width];
  const left = -crop.left * wide - dx;
  return {
    y: { scale: tall, shift: -crop.top * tall - dy },
    x: mirrored ? { scale: -wide, shift: width - left } : { scale: wide, shift: left },
  };
};

/**
 * Crops every image of a normalised batch [n, channels, h, w] in its own way, and mirrors some. Where they are to "shift", each
 * moves by its own (dy, dx), uniform in -pad..pad: random crops of padded images. Returns a new batch of the same shape; with
 * the same stream the same crops are drawn for any number of channels.
 */
export const cropImages = (
  batch: Float32Array,
  n: number,
  size: Size,
  cropping: Cropping,
  pad: number,
  random: Random,
  { fill = "zeros", mirrored }: CropOptions = {},
): Cropped => {
  const resizing = cropping === "resize";
  const reach = resizing ? 0 : pad;
  const whole: Crop = { top: 0, left: 0, ...size };
  const crops = Array.from({ length: n }, () => (resizing ? drawCrop(size, defaultCrop, random) : whole));
  const moves = crops.map((_, image): Move => {
    const dy = random.int(2 * reach + 1) - reach;
    const dx = random.int(2 * reach + 1) - reach;
    const drawn = random.int(2);
    return { dy, dx, mirrored: (mirrored?.[image] ?? drawn) === 1 };
  });
  const cut = resizing ? resizeCrops(batch, n, size, (image) => crops[image]!, size) : batch;
  return {
    images: moveImages(cut, n, size.height, size.width, (image) => moves[image]!, fill),
    warps: crops.map((crop, image) => warpOf(crop, moves[image]!, size)),
  };
};
