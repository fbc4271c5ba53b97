// Means and deviations of pixels, and normalised images.
import { DistilleryError } from "../support/errors.ts";
import type { Normalisation, Split } from "./dataset.ts";

type Triple = readonly [number, number, number];

const chunk = 1024;

/** One grey level: the least standard deviation reported, so that a constant channel becomes 0 and not NaN. */
const leastStd = 1 / 255;

const triple = (of: (channel: number) => number): Triple => [of(0), of(1), of(2)];

/**
 * The normalisation of torchvision's networks, and so of every one published for ImageNet. The deviations are means of single
 * images', not of all pixels.
 */
export const imagenetNormalisation: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Up to here, 2.5 grey levels, two normalisations are of the same kind of images, e.g. of two samples of one data set. */
const alike = 0.01;

/** True where a network trained with one normalisation may be given images that were normalised by the other. */
export const isAlike = (one: Normalisation, other: Normalisation): boolean => {
  const values = [...other.mean, ...other.std];
  return [...one.mean, ...one.std].every((value, i) => Math.abs(value - values[i]!) <= alike);
};

/** `mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225`, for messages. */
export const formatNormalisation = ({ mean, std }: Normalisation): string => {
  const listed = (values: Triple): string => values.map((value) => value.toFixed(3)).join(" ");
  return `mean ${listed(mean)}, deviation ${listed(std)}`;
};

/** Sums up the colours of images as they come, in any order: sums are whole numbers below 2^53, hence exact. */
export interface ColourSums {
  /** Adds pixels [n, 3, h, w] with h w = `plane`. */
  add(pixels: Uint8Array, plane: number): void;
  /**
   * Per-channel mean and (population) standard deviation of pixel / 255 of what was added. A channel that never changes gets
   * the standard deviation 1/255.
   */
  normalisation(): Normalisation;
}

export const colourSums = (): ColourSums => {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let count = 0;
  return {
    add: (pixels, plane) => {
      for (let at = 0, channel = 0; at < pixels.length; at += plane, channel = (channel + 1) % 3) {
        let [sum, square] = [0, 0];
        for (let i = at; i < at + plane; i++) {
          const value = pixels[i]!;
          sum += value;
          square += value * value;
        }
        sums[channel]! += sum;
        squares[channel]! += square;
      }
      count += pixels.length / 3;
    },
    normalisation: () => {
      const mean = triple((c) => sums[c]! / count / 255);
      const std = triple((c) => {
        const variance = squares[c]! / count - (sums[c]! / count) ** 2;
        return Math.max(leastStd, Math.sqrt(Math.max(0, variance)) / 255);
      });
      return { mean, std };
    },
  };
};

/** The normalisation of all images of a split, read in chunks. */
export const normalisationOf = async (split: Split): Promise<Normalisation> => {
  if (split.length === 0) {
    throw new DistilleryError("DATA", "normalisation: the training split has 0 images; at least one is needed");
  }
  const colours = colourSums();
  for (let start = 0; start < split.length; start += chunk) {
    const indices = Int32Array.from({ length: Math.min(chunk, split.length - start) }, (_, i) => start + i);
    const pixels = await split.read(indices);
    colours.add(pixels, pixels.length / (3 * indices.length));
  }
  return colours.normalisation();
};

/** (pixel / 255 - mean) / std for pixels [n, 3, h, w], as floats of the same layout. */
export const normalise = (pixels: Uint8Array, norm: Normalisation, h: number, w: number): Float32Array => {
  const plane = h * w;
  if (pixels.length % (3 * plane) !== 0) {
    throw new DistilleryError(
      "SHAPE",
      `normalise: ${pixels.length} values are no whole number of images [3, ${h}, ${w}]`,
    );
  }
  const tables = triple((c) => c).map((c) =>
    Float32Array.from({ length: 256 }, (_, value) => (value / 255 - norm.mean[c]!) / norm.std[c]!),
  );
  const out = new Float32Array(pixels.length);
  for (let at = 0, channel = 0; at < pixels.length; at += plane, channel = (channel + 1) % 3) {
    const table = tables[channel]!;
    for (let i = at; i < at + plane; i++) out[i] = table[pixels[i]!]!;
  }
  return out;
};

/** Black and white in normalised space, per channel: the bounds of every image that can be shown. */
export const validRange = (norm: Normalisation): { readonly low: Triple; readonly high: Triple } => ({
  low: triple((c) => (0 - norm.mean[c]!) / norm.std[c]!),
  high: triple((c) => (1 - norm.mean[c]!) / norm.std[c]!),
});

/**
 * The inverse: pixels [n, 3, h, w] of normalised images, each the nearest multiple of `step`, or white, that is no multiple;
 * cut off at black and white.
 */
export const denormalise = (images: Float32Array, norm: Normalisation, h: number, w: number, step = 1): Uint8Array => {
  const plane = h * w;
  // Rounds to the nearest whole number and keeps to 0..255.
  const out = new Uint8ClampedArray(images.length);
  for (let at = 0, channel = 0; at < images.length; at += plane, channel = (channel + 1) % 3) {
    const [mean, std] = [norm.mean[channel]!, norm.std[channel]!];
    for (let i = at; i < at + plane; i++) {
      const value = 255 * (images[i]! * std + mean);
      // Rounded once, from floats: whole numbers rounded again would all go up where they lie in the middle.
      out[i] = value / step;
      out[i] = out[i]! * step;
      if (255 - value < value - out[i]!) out[i] = 255;
    }
  }
  return new Uint8Array(out.buffer);
};
