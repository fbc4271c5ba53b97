// A small network with every kind of layer that ours have, written over any arithmetic, for the self-check.
import { float32, int64 } from "../autodiff/types.ts";

export interface Window {
  readonly stride: number;
  readonly padding: number;
}

/** Layers over tensors of some kind: images [N, C, H, W], rows [N, C]. */
export interface Layers<T> {
  /** Rows of an image's pixels by their numbers. */
  pick(x: T, rows: T): T;
  /** Filters [K, C / groups, kh, kw]. */
  convolve(x: T, filter: T, at: Window & { readonly groups: number }): T;
  /** Batch normalisation by the batch's own mean and variance. */
  normalise(x: T, scale: T, shift: T): T;
  relu(x: T): T;
  sigmoid(x: T): T;
  add(a: T, b: T): T;
  /** Two tensors of one shape, element by element. */
  multiply(a: T, b: T): T;
  averagePool(x: T, size: number, at: Window): T;
  maxPool(x: T, size: number, at: Window): T;
  /** Mean over H and W. */
  globalAverage(x: T): T;
  /** Rows times a matrix [C, K]. */
  dense(x: T, matrix: T): T;
  /** Cross-entropy of logits [N, C] with soft targets of the same shape, averaged over N. */
  crossEntropy(logits: T, targets: T): T;
}

/** All that the loss is differentiated in, on sizes that are no powers of two. */
export const variables = {
  images: float32(2, 6, 7, 5),
  // Six channels to four: ONNX Runtime's WebGPU convolution with channels last has such a layer wrong.
  stem: float32(4, 6, 3, 3),
  stemScale: float32(4),
  stemShift: float32(4),
  // No tap reaches the last row and column: in the gradient they are padding at the end only.
  halve: float32(5, 4, 2, 2),
  depthwise: float32(5, 1, 3, 3),
  strided: float32(3, 5, 3, 3),
  shortcut: float32(3, 5, 1, 1),
  widen: float32(6, 3, 1, 1),
  grouped: float32(6, 3, 1, 1),
  scale: float32(6),
  shift: float32(6),
  gate: float32(6, 6),
  dense: float32(6, 5),
};

/** The order of the images' rows, and soft targets. */
export const constants = { rows: int64(7), targets: float32(2, 5) };

/** The network's loss, a scalar. */
export const networkLoss = <T>(
  on: Layers<T>,
  v: { readonly [name in keyof typeof variables]: T },
  { rows, targets }: { readonly [name in keyof typeof constants]: T },
): T => {
  const plain = { stride: 1, padding: 0, groups: 1 };
  const padded = { ...plain, padding: 1 };
  const stem = on.convolve(on.pick(v.images, rows), v.stem, padded);
  const first = on.relu(on.normalise(stem, v.stemScale, v.stemShift));
  const halved = on.convolve(first, v.halve, { ...plain, stride: 2 });
  const mixed = on.add(halved, on.convolve(halved, v.depthwise, { ...padded, groups: 5 }));
  const block = on.convolve(mixed, v.strided, { ...padded, stride: 2 });
  const joined = on.add(block, on.convolve(mixed, v.shortcut, { ...plain, stride: 2 }));
  const overlapping = { stride: 1, padding: 1 };
  const pooled = on.add(on.averagePool(joined, 2, overlapping), on.maxPool(joined, 2, overlapping));
  const grouped = on.convolve(on.convolve(pooled, v.widen, plain), v.grouped, { ...plain, groups: 2 });
  const last = on.averagePool(on.normalise(grouped, v.scale, v.shift), 2, { stride: 2, padding: 0 });
  const features = on.globalAverage(last);
  const gated = on.multiply(features, on.sigmoid(on.dense(features, v.gate)));
  return on.crossEntropy(on.dense(gated, v.dense), targets);
};
