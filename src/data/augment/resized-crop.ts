// Crops, drawn at random and resized bilinearly.
import { DistilleryError } from "../../support/errors.ts";
import type { Random } from "../../support/random.ts";

/** A part of an image, in pixels of it. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** The two input lines that an output line is mixed from: (1 - share) of `first` and `share` of `second`. */
export interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float32Array;
}

/** Pixels are squares with the value at their centre; beyond the outer centres of a crop its edge goes on. */
export const tapsOf = (from: number, length: number, size: number): Taps => {
  const first = new Int32Array(size);
  const second = new Int32Array(size);
  const share = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const at = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / size - 0.5));
    const low = Math.floor(at);
    first[i] = from + low;
    second[i] = from + Math.min(length - 1, low + 1);
    share[i] = at - low;
  }
  return { first, second, share };
};

/** The input lines of output line i, as [line, weight] pairs. */
export const mixAt = ({ first, second, share }: Taps, i: number): readonly (readonly [number, number])[] => [
  [first[i]!, 1 - share[i]!],
  [second[i]!, share[i]!],
];

const fits = ({ top, left, height, width }: Crop, { height: h, width: w }: Size): boolean =>
  [top, left, height, width].every(Number.isInteger) &&
  top >= 0 &&
  left >= 0 &&
  height > 0 &&
  width > 0 &&
  top + height <= h &&
  left + width <= w;

/**
 * Brings a part of every image of a batch [n, channels, h, w] to the size `to`, bilinearly and without a filter against
 * aliasing, as torch's interpolate does with align_corners=False. Returns a new batch [n, channels, to.height, to.width].
 * Throws SHAPE if a crop reaches beyond its image.
 */
export const resizeCrops = (
  batch: Float32Array,
  n: number,
  from: Size,
  cropOf: (image: number) => Crop,
  to: Size,
): Float32Array => {
  const channels = batch.length / (n * from.height * from.width);
  if (!Number.isInteger(channels)) {
    throw new DistilleryError(
      "SHAPE",
      `resizeCrops: ${batch.length} values do not fill [${n}, channels, ${from.height}, ${from.width}]`,
    );
  }
  const out = new Float32Array(n * channels * to.height * to.width);
  let at = 0;
  for (let image = 0; image < n; image++) {
    const crop = cropOf(image);
    if (!fits(crop, from)) {
      throw new DistilleryError(
        "SHAPE",
        `resizeCrops: ${crop.height}x${crop.width} pixels from ${crop.top}, ${crop.left} on are no part of an image of ${from.height}x${from.width}`,
      );
    }
    const rows = tapsOf(crop.top, crop.height, to.height);
    const columns = tapsOf(crop.left, crop.width, to.width);
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * from.height * from.width;
      for (let y = 0; y < to.height; y++) {
        const above = plane + rows.first[y]! * from.width;
        const below = plane + rows.second[y]! * from.width;
        const down = rows.share[y]!;
        for (let x = 0; x < to.width; x++) {
          const [l, r] = [columns.first[x]!, columns.second[x]!];
          const right = columns.share[x]!;
          const upper = batch[above + l]! * (1 - right) + batch[above + r]! * right;
          const lower = batch[below + l]! * (1 - right) + batch[below + r]! * right;
          out[at++] = upper * (1 - down) + lower * down;
        }
      }
    }
  }
  return out;
};

/** Bounds of the part of an image's area that a crop has, and of its width divided by its height. */
export interface CropRange {
  readonly scale: readonly [least: number, most: number];
  readonly ratio: readonly [least: number, most: number];
}

/** The range of Szegedy et al. 2015, usual for training on ImageNet. */
export const defaultCrop: CropRange = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

const attempts = 10;

/**
 * A random crop: its share of the area uniform, its shape uniform on a logarithmic scale, its place uniform. Where ten of
 * them do not fit into the image, the largest in its middle whose shape is allowed.
 */
export const drawCrop = ({ height: h, width: w }: Size, { scale, ratio }: CropRange, random: Random): Crop => {
  const [narrowest, widest] = ratio;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = h * w * (scale[0] + random.float() * (scale[1] - scale[0]));
    const shape = narrowest * (widest / narrowest) ** random.float();
    const height = Math.round(Math.sqrt(area / shape));
    const width = Math.round(Math.sqrt(area * shape));
    if (height < 1 || width < 1 || height > h || width > w) continue;
    return { top: random.int(h - height + 1), left: random.int(w - width + 1), height, width };
  }
  const shape = Math.min(widest, Math.max(narrowest, w / h));
  const height = Math.max(1, Math.min(h, Math.round(w / shape)));
  const width = Math.max(1, Math.min(w, Math.round(h * shape)));
  return { top: Math.floor((h - height) / 2), left: Math.floor((w - width) / 2), height, width };
};
