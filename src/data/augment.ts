import { DistilleryError } from "../support/errors.ts";
import type { Random } from "../support/random.ts";

/**
 * Shifts every image of a normalised batch [n, channels, h, w] by its own (dy, dx), each uniform in -pad..pad, filling with
 * zeros (the mean colour), and mirrors every second one on average: a random crop of the padded image. Returns a new batch.
 */
export const cropFlip = (
  batch: Float32Array,
  n: number,
  h: number,
  w: number,
  pad: number,
  random: Random,
): Float32Array => {
  const channels = batch.length / (n * h * w);
  if (!Number.isInteger(channels)) {
    throw new DistilleryError("SHAPE", `cropFlip: ${batch.length} values do not fill [${n}, channels, ${h}, ${w}]`);
  }
  const out = new Float32Array(batch.length);
  for (let image = 0; image < n; image++) {
    const dy = random.int(2 * pad + 1) - pad;
    const dx = random.int(2 * pad + 1) - pad;
    const flip = random.int(2) === 1;
    const [top, bottom] = [Math.max(0, -dy), Math.min(h, h - dy)];
    const [left, right] = [Math.max(0, -dx), Math.min(w, w - dx)];
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * h * w;
      for (let y = top; y < bottom; y++) {
        const from = plane + (y + dy) * w + dx;
        const to = plane + y * w;
        if (flip) for (let x = left; x < right; x++) out[to + w - 1 - x] = batch[from + x]!;
        else for (let x = left; x < right; x++) out[to + x] = batch[from + x]!;
      }
    }
  }
  return out;
};

/** How a batch was mixed: row i became lambda * row i + (1 - lambda) * row permutation[i]. */
export interface Mix {
  readonly lambda: number;
  readonly permutation: Int32Array;
}

/** One lambda ~ Beta(alpha, alpha) for the batch and a random partner for each row; alpha = 0 mixes nothing (lambda 1). */
export const drawMix = (n: number, random: Random, alpha: number): Mix => ({
  lambda: alpha > 0 ? random.beta(alpha, alpha) : 1,
  permutation: random.permutation(n),
});

/** Mixes the rows of [n, ...], whatever they hold: images, logits, one-hot labels. Returns a new array. */
export const mixRows = (rows: Float32Array, { lambda, permutation }: Mix): Float32Array => {
  const n = permutation.length;
  const size = n === 0 ? 0 : rows.length / n;
  if (!Number.isInteger(size)) {
    throw new DistilleryError("SHAPE", `mixup: ${rows.length} values do not fill [${n}, ...]`);
  }
  const out = new Float32Array(rows.length);
  const rest = 1 - lambda;
  for (let i = 0; i < n; i++) {
    const own = i * size;
    const other = permutation[i]! * size;
    for (let k = 0; k < size; k++) out[own + k] = lambda * rows[own + k]! + rest * rows[other + k]!;
  }
  return out;
};

/**
 * Mixup: images [n, ...] and target rows [n, C] (logits or probabilities) mixed alike, with one lambda ~ Beta(alpha, alpha).
 * The mix is returned too, so that a caller can mix more in the same way with `mixRows`.
 */
export const mixup = (
  images: Float32Array,
  targets: Float32Array,
  n: number,
  random: Random,
  alpha: number,
): Mix & { readonly images: Float32Array; readonly targets: Float32Array } => {
  const mix = drawMix(n, random, alpha);
  return { ...mix, images: mixRows(images, mix), targets: mixRows(targets, mix) };
};
