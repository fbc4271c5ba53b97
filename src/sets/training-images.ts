import { counts } from "./manifest/manifest.ts";
import type { DistilledSet } from "./set.ts";

/** The images of a set, made when they are asked for: memory does not grow with the number of compensators. */
export interface TrainingImages {
  /** (V+1) K C. */
  readonly length: number;
  /** Class of every image, [(V+1) K C]. */
  readonly classes: Int32Array<ArrayBuffer>;
  /** Normalised pixels of some rows, [n, 3, H, W]. */
  read(rows: ArrayLike<number>): Float32Array<ArrayBuffer>;
}

/**
 * What a student is trained on: every base image, and every base image with each compensator of its base set added and
 * clipped to what a pixel can be: clip(P_k + u_kj) in [(0 - mean) / std, (1 - mean) / std], channel by channel. Image
 * (v, k, c), in row (v K + k) C + c, is base k of class c, plus compensator (k, v - 1) when v > 0 and there are any: the
 * rows of `trainingLabels`.
 */
export const trainingImages = (set: Pick<DistilledSet, "manifest" | "bases" | "compensators">): TrainingImages => {
  const { manifest, bases, compensators } = set;
  const { bases: K, compensators: V, classes: C } = counts(manifest);
  const { mean, std } = manifest.normalisation;
  const plane = manifest.image.height * manifest.image.width;
  // Float32 like the sums below, so that an unchanged black or white pixel lies exactly on the bound.
  const values = [0, 1, 2].map((channel) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean[channel]!) / std[channel]!),
  );

  const write = (row: number, images: Float32Array, to: number): void => {
    const [v, k, c] = [Math.floor(row / (K * C)), Math.floor(row / C) % K, row % C];
    const plain = v === 0 || V === 0;
    for (const [channel, levels] of values.entries()) {
      const [low, high] = [levels[0]!, levels[255]!];
      const base = ((k * C + c) * 3 + channel) * plane;
      const from = ((k * V + v - 1) * 3 + channel) * plane;
      const at = to + channel * plane;
      for (let i = 0; i < plane; i++) {
        const value = levels[bases[base + i]!]!;
        images[at + i] = plain ? value : Math.min(high, Math.max(low, value + compensators[from + i]!));
      }
    }
  };

  const length = manifest.budget.trainingImages;
  return {
    length,
    classes: Int32Array.from({ length }, (_, row) => row % C),
    read: (rows) => {
      const images = new Float32Array(rows.length * 3 * plane);
      for (let i = 0; i < rows.length; i++) write(rows[i]!, images, i * 3 * plane);
      return images;
    },
  };
};
