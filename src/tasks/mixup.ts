// Mixup of the rows of a batch.
import { type Tensor, tensor } from "../autodiff/index.ts";
import type { Named } from "../nn/layers.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Random } from "../support/random.ts";

/** The mixture of a batch: row i became lambda * row i + (1 - lambda) * row permutation[i]. */
export interface Mix {
  readonly lambda: number;
  readonly permutation: Int32Array;
}

/** One lambda ~ Beta(alpha, alpha) for the batch and a random partner for each row; alpha = 0 mixes nothing (lambda 1). */
export const drawMix = (n: number, random: Random, alpha: number): Mix => ({
  lambda: alpha > 0 ? random.beta(alpha, alpha) : 1,
  permutation: random.permutation(n),
});

/** Mixup in words. */
export const describeMix = (alpha: number): string =>
  alpha > 0
    ? `each batch with itself in another order: lambda of every image, (1 - lambda) of its partner, one lambda ~ Beta(${alpha}, ${alpha}) a step; labels likewise, soft ones as logits before the softmax`
    : "none";

/**
 * Mixup (Zhang et al., arXiv 1710.09412) of the rows of [n, ...], whatever they hold: images, logits, one-hot labels.
 * Returns a new array.
 */
export const mixRows = (rows: Float32Array, { lambda, permutation }: Mix): Float32Array => {
  const n = permutation.length;
  const size = n === 0 ? 0 : rows.length / n;
  if (!Number.isInteger(size)) {
    throw new DistilleryError("SHAPE", `mixRows: ${rows.length} values do not fill [${n}, ...]`);
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

/** Tensors [n, ...], each mixed row by row; integers cannot be mixed and stay. */
export const mixTensors = (tensors: Named<Tensor>, mix: Mix): Named<Tensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [
      name,
      t.data instanceof Float32Array ? tensor(mixRows(t.data, mix), t.shape) : t,
    ]),
  );
