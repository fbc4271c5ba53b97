// Packing compensators as floats, half floats or 8 bits.
import { decodeFloat16, encodeFloat16 } from "../codecs/float16.ts";
import { type Layout, type SafeTensor, safetensorsBytes } from "../codecs/safetensors.ts";
import { dataOf, type FileTensors } from "../codecs/tensor-layout.ts";

/**
 * The stored type of compensators: floats, half floats, or 8 bits with one scale for each compensator and channel. Whole
 * numbers q of -127..127 stand for scale q: symmetric, because a compensator is 0 where it does nothing, and 0 has to stay
 * 0. A scale is a half float of 11 bits, so that every product is exact and rounding a second time changes nothing.
 */
export type CompensatorDtype = "F32" | "F16" | "I8";

/** In words, as completed by "compensators: ". */
export const describeCompensators = (dtype: CompensatorDtype | "none"): string =>
  ({ none: "none", F32: "floats", F16: "half floats", I8: "8 bits, with a scale for each compensator and channel" })[
    dtype
  ];

/** The least scale, a normal half: far below what a pixel of 8 bits can show. */
const leastScale = 2 ** -14;

/** The tensors of the compensators' file; `shape` is [..., 3, H, W]. Wider types come first, as in labelLayout. */
export const compensatorLayout = (dtype: CompensatorDtype, shape: readonly number[]): Layout => ({
  compensators: { dtype, shape },
  ...(dtype === "I8" && { compensator_scales: { dtype: "F16", shape: shape.slice(0, -2) } }),
});

/** Bytes of the compensators' file, exactly; `shape` is [..., 3, H, W]. */
export const compensatorBytes = (dtype: CompensatorDtype, shape: readonly number[]): number =>
  safetensorsBytes(compensatorLayout(dtype, shape));

/** Scales as half floats, one for every `plane` values; infinite or NaN where the values are. */
const scalesOf = (values: Float32Array, plane: number): Uint16Array<ArrayBuffer> =>
  encodeFloat16(
    Float32Array.from({ length: values.length / plane }, (_, i) => {
      let most = 0;
      for (const value of values.subarray(i * plane, (i + 1) * plane)) most = Math.max(most, Math.abs(value));
      return Math.max(leastScale, most / 127);
    }),
  );

const quantised = (values: Float32Array, scales: Float32Array, plane: number): Int8Array<ArrayBuffer> =>
  Int8Array.from(values, (value, i) =>
    Math.max(-127, Math.min(127, Math.round(value / scales[Math.floor(i / plane)]!))),
  );

/** Compensators in `shape` [..., 3, H, W] as the tensors that a set stores, rounded; not checked to be finite. */
export const packCompensators = (
  dtype: CompensatorDtype,
  values: Float32Array,
  shape: readonly number[],
): FileTensors => {
  if (dtype === "F32") return { compensators: { dtype, shape, data: values } };
  if (dtype === "F16") return { compensators: { dtype, shape, data: encodeFloat16(values) } };
  const plane = shape.at(-2)! * shape.at(-1)!;
  const scales = scalesOf(values, plane);
  const compensators: SafeTensor = { dtype, shape, data: quantised(values, decodeFloat16(scales), plane) };
  return { compensators, compensator_scales: { dtype: "F16", shape: shape.slice(0, -2), data: scales } };
};

/** The inverse of packCompensators, for tensors of the right layout: [..., 3, H, W]. */
export const unpackCompensators = (dtype: CompensatorDtype, tensors: FileTensors): Float32Array => {
  if (dtype === "F32") return dataOf(tensors, "compensators", dtype);
  if (dtype === "F16") return decodeFloat16(dataOf(tensors, "compensators", dtype));
  const levels = dataOf(tensors, "compensators", dtype);
  const scales = decodeFloat16(dataOf(tensors, "compensator_scales", "F16"));
  const plane = levels.length / scales.length;
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
  return unpackCompensators(dtype, packCompensators(dtype, values, shape));
};
