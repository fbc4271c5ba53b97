// ONNX nodes for a convolution's image gradient, which is the transposed convolution.
import type { OnnxWriter } from "../../onnx-writer.ts";
import { sizes } from "../../shapes.ts";
import type { LoweringContext, Value } from "../../value.ts";
import type { Convolution } from "./settings.ts";

type Context = LoweringContext<Convolution & { readonly shape: readonly number[] }, readonly [dy: Value, w: Value]>;

/** The phases of one direction, and how many positions of the image's grid lie beyond the cotangent. */
interface Axis {
  readonly phases: readonly Phase[];
  readonly extra: number;
}

/** One phase of the image's rows (or columns): the taps that reach it, by ascending offset into the cotangent. */
export interface Phase {
  readonly taps: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Row s h + r of the image gets w[k] dy[h + (r + p - k) / s] from the taps k for which that is a whole number. */
export const phasesOf = (kernel: number, stride: number, padding: number): Phase[] =>
  Array.from({ length: stride }, (_, r) => {
    const reaching = Array.from({ length: kernel }, (_, k) => k).filter((k) => (r + padding - k) % stride === 0);
    const offsets = reaching.map((k) => (r + padding - k) / stride);
    return { taps: reaching.toReversed(), low: Math.min(...offsets), high: Math.max(...offsets) };
  });

/** Stride 1: an ordinary convolution with the filter's channels exchanged and its taps reversed. */
const lowerFlipped = (
  onnx: OnnxWriter,
  dy: string,
  w: string,
  { attributes: c, inputs: [, wType] }: Context,
): string => {
  const [k, cg, kh, kw] = sizes(wType.shape, 4);
  const taps = kh * kw;
  const split = onnx.reshape(w, [c.groups, k / c.groups, cg, taps]);
  const swapped = onnx.node("Transpose", [split], { perm: [0, 2, 1, 3] });
  const reversed =
    taps === 1
      ? swapped
      : onnx.node("Gather", [swapped, onnx.ints(Array.from({ length: taps }, (_, i) => taps - 1 - i))], { axis: 3 });
  const filter = onnx.reshape(reversed, [cg * c.groups, k / c.groups, kh, kw]);
  const pads = [c.dilation[0] * (kh - 1) - c.padding[0], c.dilation[1] * (kw - 1) - c.padding[1]];
  return onnx.node("Conv", [dy, filter], {
    kernel_shape: [kh, kw],
    strides: [1, 1],
    pads: [...pads, ...pads],
    dilations: c.dilation,
    group: c.groups,
  });
};

/**
 * A dense convolution with stride 1. A single tap moves nothing, so its zeros are put around the result: WebGPU's kernel
 * for single taps overlooks padding that stands at the end only.
 */
const convolve = (
  onnx: OnnxWriter,
  x: string,
  w: string,
  kernel: readonly number[],
  pads: readonly [number, number, number, number],
): string => {
  const single = kernel.every((k) => k === 1);
  const [top, left, bottom, right] = pads;
  const result = onnx.node("Conv", [x, w], {
    kernel_shape: kernel,
    strides: [1, 1],
    pads: single ? [0, 0, 0, 0] : pads,
    dilations: [1, 1],
    group: 1,
  });
  return single && pads.some((n) => n !== 0)
    ? onnx.node("Pad", [result, onnx.ints([0, 0, top, left, 0, 0, bottom, right])])
    : result;
};

/**
 * Stride s: each of the image's s x s phases is a stride-1 convolution of the cotangent with the taps that reach it, and
 * the phases are interleaved. No multiplication with the zeros that a dilated cotangent would hold.
 */
const lowerPhases = (
  onnx: OnnxWriter,
  dy: string,
  w: string,
  context: Context,
  axes: readonly [Axis, Axis],
): string => {
  const {
    attributes: c,
    inputs: [, wType],
  } = context;
  const [n, channels, height, width] = sizes(c.shape, 4);
  const [k, , kh, kw] = sizes(wType.shape, 4);
  const [sy, sx] = c.stride;
  const [rows, columns] = axes;
  // [K, C, taps] -> [taps, C, K]
  const byTap = onnx.node("Transpose", [onnx.reshape(w, [k, channels, kh * kw])], {
    perm: [2, 1, 0],
  });
  const parts = rows.phases.flatMap((row) =>
    columns.phases.map((column) => {
      const taps = row.taps.flatMap((y) => column.taps.map((x) => y * kw + x));
      const kernel = [row.taps.length, column.taps.length];
      const picked = onnx.node("Transpose", [onnx.node("Gather", [byTap, onnx.ints(taps)], { axis: 0 })], {
        perm: [1, 2, 0],
      });
      const pads = [-row.low, -column.low, row.high + rows.extra, column.high + columns.extra] as const;
      return convolve(onnx, dy, onnx.reshape(picked, [channels, k, ...kernel]), kernel, pads);
    }),
  );
  const phases = onnx.node("Concat", parts, { axis: 1 });
  const [hq, wq] = [Math.ceil(height / sy), Math.ceil(width / sx)];
  const interleave = (): string => {
    const apart = onnx.reshape(phases, [n, sy, sx, channels, hq, wq]);
    const turned = onnx.node("Transpose", [apart], { perm: [0, 3, 4, 1, 5, 2] });
    return onnx.reshape(turned, [n, channels, hq * sy, wq * sx]);
  };
  const woven = sy === sx ? onnx.node("DepthToSpace", [phases], { blocksize: sy, mode: "DCR" }) : interleave();
  if (hq * sy === height && wq * sx === width) return woven;
  return onnx.node("Slice", [woven, onnx.ints([0, 0]), onnx.ints([height, width]), onnx.ints([2, 3])]);
};

/** Any stride, dilation and grouping, by ONNX's own operator. */
export const lowerGeneral = (
  onnx: OnnxWriter,
  [dy, w]: readonly [string, string],
  { attributes: c, inputs: [dyType, wType] }: Context,
): string => {
  const extra = ([0, 1] as const).map(
    (a) =>
      c.shape[2 + a]! -
      ((dyType.shape[2 + a]! - 1) * c.stride[a] - 2 * c.padding[a] + c.dilation[a] * (wType.shape[2 + a]! - 1) + 1),
  );
  return onnx.node("ConvTranspose", [dy, w], {
    kernel_shape: wType.shape.slice(2),
    strides: c.stride,
    pads: [...c.padding, ...c.padding],
    dilations: c.dilation,
    group: c.groups,
    output_padding: extra,
  });
};

export const lowerTransposed = (onnx: OnnxWriter, [dy, w]: readonly [string, string], context: Context): string => {
  const { stride, dilation, padding, groups, shape } = context.attributes;
  const [dyType, wType] = context.inputs;
  const kernel = wType.shape.slice(2);
  const reaches = kernel.every((k, a) => dilation[a]! * (k - 1) >= padding[a]!);
  if (stride.every((s) => s === 1) && reaches) return lowerFlipped(onnx, dy, w, context);
  const axisOf = (a: 0 | 1): Axis => ({
    phases: phasesOf(kernel[a]!, stride[a], padding[a]),
    extra: Math.ceil(shape[2 + a]! / stride[a]) - dyType.shape[2 + a]!,
  });
  const axes: [Axis, Axis] = [axisOf(0), axisOf(1)];
  const dense = groups === 1 && dilation.every((d) => d === 1);
  // Every phase needs a tap, and ONNX no negative padding.
  const fits = axes.every(({ phases, extra }) =>
    phases.every(({ taps, low, high }) => taps.length > 0 && low <= 0 && high + extra >= 0),
  );
  return dense && fits ? lowerPhases(onnx, dy, w, context, axes) : lowerGeneral(onnx, [dy, w], context);
};
