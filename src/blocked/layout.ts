// Layouts of blocked tensors, and conversions to and from them.
import { padAxis, reshape, slice, transpose } from "../autodiff/ops/movement.ts";
import { floats, sizeOf, type Tensor, tensor } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";

/**
 * Layouts of the CPU's blocked convolutions: channels in blocks of b (the length of a vector register), the
 * place within the block innermost. Blocked tensors are ordinary values of higher rank, so every operator that works on
 * any shape (elementwise, pads, slices of rows and columns, sums) works on them too.
 *
 *   image   [N, C, H, W]    -> [N, C/b, H, W, b]
 *   filter  [K, C, kh, kw]  -> [K/b, C/b, kh, kw, b of C, b of K]
 *   rows    [K, J, kh, kw]  -> [K/b, J, kh, kw, b of K]: filters of few channels, and depthwise ones (J = 1)
 *
 * Channels that fill no whole block are padded with zeros: C/b is rounded up. The plain shape knows where they end.
 */
export type Layout = "image" | "filter" | "rows";

/** A layout as moves of axes. */
export interface Form {
  /** Axes that are split into [blocks, b], ascending. */
  readonly split: readonly number[];
  /** Order of the axes after splitting. */
  readonly permutation: readonly number[];
}

export const forms: Readonly<Record<Layout, Form>> = {
  image: { split: [1], permutation: [0, 1, 3, 4, 2] },
  filter: { split: [0, 1], permutation: [0, 2, 4, 5, 3, 1] },
  rows: { split: [0], permutation: [0, 2, 3, 4, 1] },
};

const splitShape = (shape: readonly number[], layout: Layout, block: number): number[] =>
  shape.flatMap((d, axis) => (forms[layout].split.includes(axis) ? [Math.ceil(d / block), block] : [d]));

/** The shape with its split axes padded to whole blocks. */
const paddedShape = (shape: readonly number[], layout: Layout, block: number): number[] =>
  shape.map((d, axis) => (forms[layout].split.includes(axis) ? padded(d, block) : d));

/** Channels and the zeros that make whole blocks of them. */
export const padded = (channels: number, block: number): number => block * Math.ceil(channels / block);

/** True where so many channels are worth blocking: at most a third more of them with the padding. */
export const fillsBlocks = (channels: number, block: number): boolean => 3 * padded(channels, block) <= 4 * channels;

/** True where a shape is stored so: rank 4, split axes whole blocks or nearly. */
export const fits = (shape: readonly number[], layout: Layout, block: number): boolean =>
  shape.length === 4 && forms[layout].split.every((axis) => fillsBlocks(shape[axis]!, block));

/** True where a tensor of this shape has padding in this layout. */
export const hasPadding = (shape: readonly number[], layout: Layout, block: number): boolean =>
  forms[layout].split.some((axis) => shape[axis]! % block !== 0);

/** One axis of x padded with zeros to whole blocks. */
export const padToBlocks = (x: Value, axis: number, block: number): Value =>
  padAxis(x, axis, 0, padded(x.shape[axis]!, block) - x.shape[axis]!);

export const blockedShape = (shape: readonly number[], layout: Layout, block: number): number[] => {
  const split = splitShape(shape, layout, block);
  return forms[layout].permutation.map((axis) => split[axis]!);
};

/** The plain shape of a blocked one, padding included. */
export const plainShape = (shape: readonly number[], layout: Layout): number[] => {
  const { split, permutation } = forms[layout];
  const apart = permutation.map((_, axis) => shape[permutation.indexOf(axis)]!);
  // From the last, so that the places of the earlier ones stay.
  return split.reduceRight((joined, axis, earlier) => {
    const at = axis + earlier;
    return joined.toSpliced(at, 2, joined[at]! * joined[at + 1]!);
  }, apart);
};

/** From blocked to a plain shape, as a transposition, a reshape and slices. */
export const unblock = (x: Value, layout: Layout, shape: readonly number[]): Value => {
  const { split, permutation } = forms[layout];
  const apart = transpose(
    x,
    permutation.map((_, axis) => permutation.indexOf(axis)),
  );
  return split.reduce((v, axis) => slice(v, axis, 0, shape[axis]!), reshape(apart, plainShape(x.shape, layout)));
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

/** The values of a tensor [shape], of rank 4, in one of another shape: what lies beyond is cut, what is missing is zero. */
const resized = (data: Float32Array, shape: readonly number[], to: readonly number[]): Float32Array => {
  if (shape.every((d, axis) => d === to[axis])) return data;
  const out = new Float32Array(sizeOf(to));
  const [k, c] = [Math.min(shape[0]!, to[0]!), Math.min(shape[1]!, to[1]!)];
  const inner = shape[2]! * shape[3]!;
  for (let i = 0; i < k; i++) {
    const from = i * shape[1]! * inner;
    out.set(data.subarray(from, from + c * inner), i * to[1]! * inner);
  }
  return out;
};

/** Blocking of values outside any graph. */
export const blockTensor = (given: Tensor, layout: Layout, size: number): Tensor => {
  const [values, { shape }] = [floats(given), given];
  const { permutation } = forms[layout];
  const whole = paddedShape(shape, layout, size);
  // Slots of an optimiser start at zero: as many values as the network has, and nothing to move.
  const moved = isZero(values)
    ? new Float32Array(sizeOf(whole))
    : permuted(resized(values, shape, whole), splitShape(shape, layout, size), permutation, false);
  return tensor(moved, blockedShape(shape, layout, size));
};

/** The way back, to a plain shape. */
export const unblockTensor = (given: Tensor, layout: Layout, plain: readonly number[]): Tensor => {
  const { shape } = given;
  const whole = plainShape(shape, layout);
  const split = splitShape(whole, layout, shape.at(-1)!);
  const values = permuted(floats(given), split, forms[layout].permutation, true);
  return tensor(resized(values, whole, plain), plain);
};
