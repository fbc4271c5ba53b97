import { sizeOf, type Tensor, tensor } from "../../src/autodiff/types.ts";
import type { Random } from "../../src/support/random.ts";

/** Uniform values in [low, high). */
export const uniform = (random: Random, shape: readonly number[], low = -1, high = 1): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.float()),
    shape,
  );

/** Several tensors whose elements all differ by at least `spacing`: a shuffled grid over [low, high). */
export const distinct = (
  random: Random,
  shapes: readonly (readonly number[])[],
  low: number,
  high: number,
): { readonly tensors: readonly Tensor[]; readonly spacing: number } => {
  const total = shapes.reduce((n, shape) => n + sizeOf(shape), 0);
  const spacing = (high - low) / total;
  const order = random.permutation(total);
  let start = 0;
  const tensors = shapes.map((shape) => {
    const end = start + sizeOf(shape);
    const data = Float32Array.from(order.subarray(start, end), (i) => low + (i + 0.5) * spacing);
    start = end;
    return tensor(data, shape);
  });
  return { tensors, spacing };
};

/** Row numbers below `rows`, as int64. */
export const rowNumbers = (random: Random, shape: readonly number[], rows: number): Tensor =>
  tensor(
    BigInt64Array.from({ length: sizeOf(shape) }, () => BigInt(random.int(rows))),
    shape,
  );

/** The numbers of a float32 tensor. */
export const floats = ({ data }: Pick<Tensor, "data">): Float32Array => {
  if (!(data instanceof Float32Array)) throw new Error("expected a float32 tensor");
  return data;
};

/** x + h v; int64 tensors stay as they are. */
export const moved = (x: Tensor, v: Tensor, h: number): Tensor =>
  x.data instanceof Float32Array
    ? tensor(
        x.data.map((a, i) => a + h * floats(v)[i]!),
        x.shape,
      )
    : x;

/** Inner product in double precision. */
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** Inner product of the absolute values: the scale against which an error of `dot` is measured. */
export const absoluteDot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! * b[i]!);
  return sum;
};

export const largest = (a: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]!));
  return most;
};

/** Largest difference of two lists, relative to the largest element of the second; NaN counts as infinite. */
export const relativeError = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, difference);
  }
  return most === 0 ? 0 : most / Math.max(largest(expected), 1e-30);
};
