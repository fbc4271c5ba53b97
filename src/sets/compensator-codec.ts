// Packing compensators as floats, half floats, 8 or 4 bits.
import { decodeFloat16, encodeFloat16 } from "../codecs/float16.ts";
import type { Layout, SafeTensor } from "../codecs/safetensors.ts";
import { dataOf, type FileTensors } from "../codecs/tensor-layout.ts";

/**
 * The stored type of compensators: floats, half floats, or 8 or 4 bits with one scale for each compensator and channel. Whole
 * numbers q of -127..127, or -7..7, stand for scale q: symmetric, because a compensator is 0 where it does nothing, and 0 has
 * to stay 0. A scale is a half float of 11 bits, so that every product is exact and rounding a second time changes nothing.
 */
export const compensatorDtypes = ["F32", "F16", "I8", "I4"] as const;
export type CompensatorDtype = (typeof compensatorDtypes)[number];

/** Types of whole numbers, by the largest. */
const largest = { I8: 127, I4: 7 } as const;

/** In words, as completed by "compensators: ". */
export const describeCompensators = (dtype: CompensatorDtype | "none"): string =>
  ({
    none: "none",
    F32: "floats",
    F16: "half floats",
    I8: "8 bits, with a scale for each compensator and channel",
    I4: "4 bits, with a scale for each compensator and channel",
  })[dtype];

/** Values of a channel, H W. */
const planeOf = (shape: readonly number[]): number => shape.at(-2)! * shape.at(-1)!;

/** The least scale, a normal half: far below what a pixel of 8 bits can show. */
const leastScale = 2 ** -14;

/**
 * The tensors of the compensators' file; `shape` is [..., 3, H, W]. Wider types come first, as in labelLayout. Of 4 bits a byte
 * holds q + 8 of two neighbours of a channel, the first in its lower half: [..., 3, ceil(H W / 2)].
 */
export const compensatorLayout = (dtype: CompensatorDtype, shape: readonly number[]): Layout => {
  if (dtype === "F32" || dtype === "F16") return { compensators: { dtype, shape } };
  const channels = shape.slice(0, -2);
  return {
    compensators:
      dtype === "I8" ? { dtype, shape } : { dtype: "U8", shape: [...channels, Math.ceil(planeOf(shape) / 2)] },
    compensator_scales: { dtype: "F16", shape: channels },
  };
};

/** Scales as half floats, one for every `plane` values; infinite or NaN where the values are. */
const scalesOf = (values: Float32Array, plane: number, most: number): Uint16Array<ArrayBuffer> =>
  encodeFloat16(
    Float32Array.from({ length: values.length / plane }, (_, i) => {
      let peak = 0;
      for (const value of values.subarray(i * plane, (i + 1) * plane)) peak = Math.max(peak, Math.abs(value));
      return Math.max(leastScale, peak / most);
    }),
  );

const quantised = (values: Float32Array, scales: Float32Array, plane: number, most: number): Int8Array<ArrayBuffer> =>
  Int8Array.from(values, (value, i) =>
    Math.max(-most, Math.min(most, Math.round(value / scales[Math.floor(i / plane)]!))),
  );

/** Two levels a byte, channel by channel of `plane` values. */
const paired = (levels: Int8Array, plane: number): Uint8Array<ArrayBuffer> => {
  const bytes = Math.ceil(plane / 2);
  return Uint8Array.from({ length: (levels.length / plane) * bytes }, (_, i) => {
    const [channel, at] = [Math.floor(i / bytes), 2 * (i % bytes)];
    const nibble = (j: number): number => (j < plane ? levels[channel * plane + j]! + 8 : 8);
    return nibble(at) | (nibble(at + 1) << 4);
  });
};

/** The inverse of `paired`. */
const unpaired = (pairs: Uint8Array, plane: number): Int8Array<ArrayBuffer> => {
  const bytes = Math.ceil(plane / 2);
  return Int8Array.from({ length: (pairs.length / bytes) * plane }, (_, i) => {
    const at = i % plane;
    return ((pairs[Math.floor(i / plane) * bytes + (at >> 1)]! >> (at % 2 === 0 ? 0 : 4)) & 15) - 8;
  });
};

/** Compensators in `shape` [..., 3, H, W] as the tensors that a set stores, rounded; not checked to be finite. */
export const packCompensators = (
  dtype: CompensatorDtype,
  values: Float32Array,
  shape: readonly number[],
): FileTensors => {
  if (dtype === "F32") return { compensators: { dtype, shape, data: values } };
  if (dtype === "F16") return { compensators: { dtype, shape, data: encodeFloat16(values) } };
  const plane = planeOf(shape);
  const most = largest[dtype];
  const scales = scalesOf(values, plane, most);
  const levels = quantised(values, decodeFloat16(scales), plane, most);
  const { shape: stored } = compensatorLayout(dtype, shape).compensators!;
  const compensators: SafeTensor =
    dtype === "I8"
      ? { dtype, shape: stored, data: levels }
      : { dtype: "U8", shape: stored, data: paired(levels, plane) };
  return { compensators, compensator_scales: { dtype: "F16", shape: shape.slice(0, -2), data: scales } };
};

/** The inverse of packCompensators, for tensors of the right layout. */
export const unpackCompensators = (
  dtype: CompensatorDtype,
  tensors: FileTensors,
  shape: readonly number[],
): Float32Array => {
  if (dtype === "F32") return dataOf(tensors, "compensators", dtype);
  if (dtype === "F16") return decodeFloat16(dataOf(tensors, "compensators", dtype));
  const plane = planeOf(shape);
  const levels =
    dtype === "I8" ? dataOf(tensors, "compensators", dtype) : unpaired(dataOf(tensors, "compensators", "U8"), plane);
  const scales = decodeFloat16(dataOf(tensors, "compensator_scales", "F16"));
  return Float32Array.from(levels, (level, i) => level * scales[Math.floor(i / plane)]!);
};

/** Compensators [..., 3, H, W] as they will be read from a set. Rounding what is rounded already changes nothing. */
export const roundCompensators = (
  dtype: CompensatorDtype,
  values: Float32Array,
  image: { readonly height: number; readonly width: number },
): Float32Array => {
  const { height, width } = image;
  const shape = [values.length / (3 * height * width), 3, height, width];
  return unpackCompensators(dtype, packCompensators(dtype, values, shape), shape);
};
