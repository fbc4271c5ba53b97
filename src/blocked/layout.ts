import { reshape, transpose } from "../autodiff/ops/movement.ts";
import type { Tensor } from "../autodiff/types.ts";
import { tensor } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";

/**
 * How the CPU's blocked convolutions want their tensors: channels in blocks of b (the length of a vector register), the
 * place within the block innermost. Blocked tensors are ordinary values of higher rank, so every operator that works on
 * any shape (elementwise, pads, slices of rows and columns, sums) works on them too.
 *
 *   image   [N, C, H, W]    -> [N, C/b, H, W, b]
 *   filter  [K, C, kh, kw]  -> [K/b, C/b, kh, kw, b of C, b of K]
 *   rows    [K, J, kh, kw]  -> [K/b, J, kh, kw, b of K]: filters of few channels, and depthwise ones (J = 1)
 */
export type Layout = "image" | "filter" | "rows";

interface Form {
  /** Axes that are split into [blocks, b], ascending. */
  readonly split: readonly number[];
  /** Order of the axes after splitting. */
  readonly permutation: readonly number[];
}

const forms: Readonly<Record<Layout, Form>> = {
  image: { split: [1], permutation: [0, 1, 3, 4, 2] },
  filter: { split: [0, 1], permutation: [0, 2, 4, 5, 3, 1] },
  rows: { split: [0], permutation: [0, 2, 3, 4, 1] },
};

const splitShape = (shape: readonly number[], layout: Layout, block: number): number[] =>
  shape.flatMap((d, axis) => (forms[layout].split.includes(axis) ? [d / block, block] : [d]));

/** Whether a shape can be stored so: rank 4, split axes whole blocks. */
export const fits = (shape: readonly number[], layout: Layout, block: number): boolean =>
  shape.length === 4 && forms[layout].split.every((axis) => shape[axis]! % block === 0);

export const blockedShape = (shape: readonly number[], layout: Layout, block: number): number[] => {
  const split = splitShape(shape, layout, block);
  return forms[layout].permutation.map((axis) => split[axis]!);
};

/** The plain shape of a blocked one. */
export const plainShape = (shape: readonly number[], layout: Layout): number[] => {
  const { split, permutation } = forms[layout];
  const apart = permutation.map((_, axis) => shape[permutation.indexOf(axis)]!);
  // From the last, so that the places of the earlier ones stay.
  return split.reduceRight((joined, axis, earlier) => {
    const at = axis + earlier;
    return joined.toSpliced(at, 2, joined[at]! * joined[at + 1]!);
  }, apart);
};

/** Blocking as a reshape and a transposition. */
export const block = (x: Value, layout: Layout, size: number): Value =>
  transpose(reshape(x, splitShape(x.shape, layout, size)), forms[layout].permutation);

export const unblock = (x: Value, layout: Layout): Value => {
  const { permutation } = forms[layout];
  return reshape(
    transpose(
      x,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
    plainShape(x.shape, layout),
  );
};

const stridesOf = (shape: readonly number[]): number[] => {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
};

/** Copies between row-major `data` of `shape` and the same values with axes permuted, in the direction asked for. */
const permuted = (
  data: Float32Array,
  shape: readonly number[],
  permutation: readonly number[],
  back: boolean,
): Float32Array => {
  const out = new Float32Array(data.length);
  const strides = stridesOf(shape);
  const sizes = permutation.map((axis) => shape[axis]!);
  const steps = permutation.map((axis) => strides[axis]!);
  const [inner, step] = [sizes.at(-1)!, steps.at(-1)!];
  const index = sizes.map(() => 0);
  let base = 0;
  for (let at = 0; at < data.length; at += inner) {
    if (back) for (let i = 0, from = base; i < inner; i++, from += step) out[from] = data[at + i]!;
    else for (let i = 0, from = base; i < inner; i++, from += step) out[at + i] = data[from]!;
    for (let axis = sizes.length - 2; axis >= 0; axis--) {
      base += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      base -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return out;
};

/** A plain loop: `every` takes ten times as long, and there are tens of millions of values. */
const isZero = (values: Float32Array): boolean => {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) return false;
  return true;
};

/** Blocking of values outside any graph. */
export const blockTensor = ({ data, shape }: Tensor, layout: Layout, size: number): Tensor => {
  const values = data as Float32Array;
  const { permutation } = forms[layout];
  // Slots of an optimiser start at zero: as many values as the network has, and nothing to move.
  const moved = isZero(values)
    ? new Float32Array(values.length)
    : permuted(values, splitShape(shape, layout, size), permutation, false);
  return tensor(moved, blockedShape(shape, layout, size));
};

export const unblockTensor = ({ data, shape }: Tensor, layout: Layout): Tensor => {
  const plain = plainShape(shape, layout);
  const split = splitShape(plain, layout, shape.at(-1)!);
  return tensor(permuted(data as Float32Array, split, forms[layout].permutation, true), plain);
};
