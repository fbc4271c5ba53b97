// Normalised images as pixels of 8 bits.
import type { Normalisation } from "../data/dataset.ts";

/** Pixels of 8 bits, and the largest distance of a value from its pixel, in grey levels of 255. */
export interface EightBits {
  /** [n, H, W, 3]. */
  readonly pixels: Uint8Array;
  readonly rounding: number;
}

/** The nearest pixels 0..255 of normalised images [n, 3, H, W], each image's values interleaved; `plane` is H W. */
export const eightBits = (images: Float32Array, { mean, std }: Normalisation, plane: number): EightBits => {
  // Rounds to the nearest whole number, halves to even, and keeps to 0..255.
  const out = new Uint8ClampedArray(images.length);
  let rounding = 0;
  for (let from = 0; from < images.length; from += 3 * plane) {
    for (let channel = 0; channel < 3; channel++) {
      const [deviation, middle] = [std[channel]!, mean[channel]!];
      let at = from + channel;
      for (let i = from + channel * plane; i < from + (channel + 1) * plane; i++, at += 3) {
        const value = 255 * (images[i]! * deviation + middle);
        out[at] = value;
        const error = Math.abs(value - out[at]!);
        if (error > rounding) rounding = error;
      }
    }
  }
  return { pixels: new Uint8Array(out.buffer), rounding };
};
