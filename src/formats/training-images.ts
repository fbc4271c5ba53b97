import type { DistilledSet } from "./distilled-set.ts";
import { counts } from "./manifest.ts";

export interface TrainingImages {
  /** Normalised pixels, [(M+1) K C, 3, H, W]. */
  readonly images: Float32Array<ArrayBuffer>;
  /** Class of every image, [(M+1) K C]. */
  readonly classes: Int32Array<ArrayBuffer>;
}

/**
 * What a student is trained on: every base image, and every base image with each compensator of its base set added and
 * clipped to what a pixel can be: clip(P_k + u_kj) in [(0 - mean) / std, (1 - mean) / std], channel by channel. Image
 * (v, k, c), in row (v K + k) C + c, is base k of class c, plus compensator (k, v - 1) when v > 0: the rows of `labels`.
 */
export const trainingImages = (set: Pick<DistilledSet, "manifest" | "bases" | "compensators">): TrainingImages => {
  const { manifest, bases, compensators } = set;
  const { bases: K, teachers: M, classes: C } = counts(manifest);
  const { mean, std } = manifest.normalisation;
  const plane = manifest.image.height * manifest.image.width;
  const image = 3 * plane;
  const images = new Float32Array((M + 1) * K * C * image);
  const classes = Int32Array.from({ length: (M + 1) * K * C }, (_, row) => row % C);

  for (let channel = 0; channel < 3; channel++) {
    // Float32 like the sums below, so that an unchanged black or white pixel lies exactly on the bound.
    const values = Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean[channel]!) / std[channel]!);
    const low = values[0]!;
    const high = values[255]!;
    for (let k = 0; k < K; k++) {
      for (let c = 0; c < C; c++) {
        const base = ((k * C + c) * 3 + channel) * plane;
        for (let v = 0; v <= M; v++) {
          const to = ((v * K + k) * C + c) * image + channel * plane;
          const from = ((k * M + v - 1) * 3 + channel) * plane;
          for (let i = 0; i < plane; i++) {
            const value = values[bases[base + i]!]!;
            images[to + i] = v === 0 ? value : Math.min(high, Math.max(low, value + compensators[from + i]!));
          }
        }
      }
    }
  }
  return { images, classes };
};
