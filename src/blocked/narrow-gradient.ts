// The image gradient of a convolution of few channels, such as a network's first.
import type { Convolution } from "../autodiff/ops/convolution/settings.ts";
import { reshape, transpose } from "../autodiff/ops/movement.ts";
import { sizes } from "../autodiff/shapes.ts";
import { apply, type Value } from "../autodiff/value.ts";
import { filterLayout } from "./convolution.ts";
import { block, blockedConv, blockedOp, unblockImage } from "./ops.ts";

/** True where `narrowImageGradient` covers a convolution of few channels. */
export const hasNarrowImageGradient = (w: readonly number[], { groups }: Convolution, size: number): boolean =>
  groups === 1 && filterLayout(w, groups, size) === "rows";

type Folding = {
  /** 0 for rows, 1 for columns. */
  readonly axis: 0 | 1;
  readonly taps: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  /** Rows (or columns) of the result. */
  readonly length: number;
};

/** Tap i of each channel [N, C taps, H, W], moved to row (or column) stride h + dilation i - padding, summed: [N, C, H', W]. */
export const foldOp = blockedOp<Folding>({
  name: "fold",
  infer: ([{ shape }], { axis, taps, length }) => ({
    dtype: "float32",
    shape: shape.with(1, shape[1]! / taps).with(2 + axis, length),
  }),
  lower: (onnx, [x], { attributes: { axis, taps, stride, padding, dilation }, inputs: [type], output }) => {
    const [n, channels, height, width] = sizes(type.shape, 4);
    const along = (value: number, other: number): number[] => [other, other].with(axis, value);
    const windows = onnx.reshape(x, [n, channels, height * width], type.shape);
    return onnx.node("Col2Im", [windows, onnx.ints(output.shape.slice(2)), onnx.ints(along(taps, 1))], {
      strides: along(stride, 1),
      pads: [...along(padding, 0), ...along(padding, 0)],
      dilations: along(dilation, 1),
    });
  },
});

/**
 * Gradient of a convolution of few channels with respect to its image, [N, C, H, W] as they are, from a blocked dy and the
 * filter [K, C, kh, kw]. A 1 x 1 convolution gives what every tap adds to every channel; then taps are moved to their places
 * and summed, rows first. As one convolution with C results, most of a vector register would be idle.
 */
export const narrowImageGradient = (
  dy: Value,
  w: Value,
  shape: readonly number[],
  { stride, padding, dilation }: Convolution,
): Value => {
  const [k, c, kh, kw] = sizes(w.shape, 4);
  const taps = reshape(transpose(w, [1, 3, 2, 0]), [c * kw * kh, k, 1, 1]);
  const added = unblockImage(blockedConv(dy, block(taps, "filter", dy.shape.at(-1)!)), c * kw * kh);
  return ([0, 1] as const).reduce<Value>((x, axis) => {
    const settings = { stride: stride[axis], padding: padding[axis], dilation: dilation[axis] };
    return apply(foldOp, [x], { axis, taps: w.shape[2 + axis]!, ...settings, length: shape[2 + axis]! });
  }, added);
};
