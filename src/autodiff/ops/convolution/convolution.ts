// Convolution and its gradients, as three operators that differentiate into each other.
import { expectFloat, expectRank, expectShape, shapeError } from "../../shapes.ts";
import { apply, defineOp, type Sample, type Value } from "../../value.ts";
import { channelSum } from "../channel.ts";
import { lowerFilterGradient } from "./filter-lowering.ts";
import { both, type Convolution, type ConvolutionOptions, settings } from "./settings.ts";
import { lowerTransposed } from "./transpose-lowering.ts";

/**
 * Convolution is linear in the image and in the filter. The three maps below (result from image and filter, image from
 * result and filter, filter from image and result) are each other's derivatives, so the set is closed to any order.
 * Layout: images [N, C, H, W], filters [K, C / groups, kh, kw].
 */

/** Rows (or columns) of the result: floor((n + 2p - d (k - 1) - 1) / s) + 1. */
const resultSize = (n: number, k: number, axis: 0 | 1, { stride, padding, dilation }: Convolution): number =>
  Math.floor((n + 2 * padding[axis] - dilation[axis] * (k - 1) - 1) / stride[axis]) + 1;

const resultShape = (op: string, x: readonly number[], w: readonly number[], c: Convolution): number[] => {
  if (x[1]! !== w[1]! * c.groups) {
    const groups = c.groups === 1 ? "" : `, groups ${c.groups}`;
    throw shapeError(
      op,
      `input has ${x[1]} channels but filter expects ${w[1]! * c.groups} (input [${x}], filter [${w}]${groups})`,
    );
  }
  if (w[0]! % c.groups !== 0) throw shapeError(op, `${w[0]} filters do not divide into ${c.groups} groups`);
  const size = [resultSize(x[2]!, w[2]!, 0, c), resultSize(x[3]!, w[3]!, 1, c)];
  if (size.some((n) => n < 1)) throw shapeError(op, `filter [${w}] is larger than the padded input [${x}]`);
  return [x[0]!, w[0]!, ...size];
};

const onnxAttributes = ({ stride, padding, dilation, groups }: Convolution, kernel: readonly number[]) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...padding, ...padding],
  dilations: dilation,
  group: groups,
});

const cases: { x: number[]; w: number[]; c: Convolution }[] = [
  { x: [2, 3, 6, 5], w: [4, 3, 3, 3], c: settings({ padding: 1 }) },
  { x: [2, 4, 8, 8], w: [6, 4, 3, 3], c: settings({ padding: 1, stride: 2 }) },
  { x: [2, 4, 7, 6], w: [6, 4, 3, 3], c: settings({ padding: 1, stride: 2 }) },
  { x: [2, 4, 6, 6], w: [5, 4, 1, 1], c: settings({ stride: 2 }) },
  { x: [1, 4, 7, 7], w: [6, 2, 3, 3], c: settings({ dilation: 2, padding: 2, groups: 2 }) },
  { x: [2, 4, 5, 5], w: [4, 1, 3, 3], c: settings({ padding: 1, groups: 4 }) },
  { x: [1, 4, 8, 8], w: [8, 2, 3, 3], c: settings({ padding: 1, stride: 2, groups: 2 }) },
  { x: [1, 2, 9, 11], w: [3, 2, 7, 5], c: settings({ padding: [3, 2], stride: [2, 1] }) },
  { x: [2, 3, 5, 6], w: [2, 3, 2, 3], c: settings({ padding: [0, 1] }) },
  { x: [1, 2, 10, 10], w: [3, 2, 2, 2], c: settings({ stride: 3 }) },
  { x: [1, 3, 7, 5], w: [4, 3, 2, 2], c: settings({ stride: 2 }) },
];

export const conv2dOp = defineOp<Convolution, readonly [x: Value, w: Value, ...bias: Value[]]>({
  name: "conv2d",
  infer: ([x, w, bias], c) => {
    expectFloat("conv2d", x, w);
    expectRank("conv2d", "input", x, 4);
    expectRank("conv2d", "filter", w, 4);
    if (bias) expectShape("conv2d", "bias", bias, [w.shape[0]!]);
    return { dtype: "float32", shape: resultShape("conv2d", x.shape, w.shape, c) };
  },
  vjp: (dy, { inputs: [x, w, bias], attributes: c }) => [
    imageGradient(dy, w, x.shape, c),
    filterGradient(x, dy, w.shape, c),
    ...(bias ? [channelSum(dy)] : []),
  ],
  lower: (onnx, inputs, { attributes, inputs: [, w] }) =>
    onnx.node("Conv", inputs, onnxAttributes(attributes, w.shape.slice(2))),
  samples: [
    ...cases.map(({ x, w, c }): Sample<Convolution> => ({ shapes: [x, w], attributes: c })),
    { shapes: [[2, 3, 4, 4], [4, 3, 3, 3], [4]], attributes: settings({ padding: 1 }) },
  ],
});

type Sized = Convolution & { readonly shape: readonly number[] };

export const imageGradientOp = defineOp<Sized, readonly [dy: Value, w: Value]>({
  name: "convImageGradient",
  infer: ([dy, w], { shape, ...c }) => {
    expectShape("convImageGradient", "cotangent", dy, resultShape("convImageGradient", shape, w.shape, c));
    return { dtype: "float32", shape };
  },
  vjp: (dx, { inputs: [dy, w], attributes: { shape: _, ...c } }) => [
    conv2d(dx, w, undefined, c),
    filterGradient(dx, dy, w.shape, c),
  ],
  lower: lowerTransposed,
  samples: cases.map(({ x, w, c }) => ({
    shapes: [resultShape("sample", x, w, c), w],
    attributes: { ...c, shape: x },
  })),
});

/** Gradient of a convolution with respect to its image of shape `shape`: the transposed convolution of dy by w. */
const imageGradient = (dy: Value, w: Value, shape: readonly number[], c: Convolution): Value =>
  apply(imageGradientOp, [dy, w], { ...c, shape });

export const filterGradientOp = defineOp<Sized, readonly [x: Value, dy: Value]>({
  name: "convFilterGradient",
  infer: ([x, dy], { shape, ...c }) => {
    expectShape("convFilterGradient", "cotangent", dy, resultShape("convFilterGradient", x.shape, shape, c));
    return { dtype: "float32", shape };
  },
  vjp: (dw, { inputs: [x, dy], attributes: { shape: _, ...c } }) => [
    imageGradient(dy, dw, x.shape, c),
    conv2d(x, dw, undefined, c),
  ],
  lower: lowerFilterGradient,
  samples: cases.map(({ x, w, c }) => ({
    shapes: [x, resultShape("sample", x, w, c)],
    attributes: { ...c, shape: w },
  })),
});

/** Gradient of a convolution with respect to its filter of shape `shape`. */
export const filterGradient = (x: Value, dy: Value, shape: readonly number[], c: Convolution): Value =>
  apply(filterGradientOp, [x, dy], { ...c, shape });

/** Cross-correlation of x [N,C,H,W] with w [K,C/groups,kh,kw], plus bias [K] if given: [N,K,H',W']. */
export const conv2d = (x: Value, w: Value, bias?: Value, options: ConvolutionOptions = {}): Value =>
  apply(conv2dOp, bias ? [x, w, bias] : [x, w], settings(options));

/**
 * Transposed convolution of x [N,K,H,W] with w [K,C/groups,kh,kw], as torch.nn.functional.conv_transpose2d: the result
 * has (H-1) s - 2p + d (kh-1) + 1 + outputPadding rows.
 */
export const convTranspose2d = (
  x: Value,
  w: Value,
  { outputPadding = 0, ...options }: ConvolutionOptions & { outputPadding?: number | readonly [number, number] } = {},
): Value => {
  const c = settings(options);
  const extra = both(outputPadding);
  const size = ([0, 1] as const).map(
    (a) =>
      (x.shape[2 + a]! - 1) * c.stride[a] - 2 * c.padding[a] + c.dilation[a] * (w.shape[2 + a]! - 1) + 1 + extra[a],
  );
  return imageGradient(x, w, [x.shape[0]!, w.shape[1]! * c.groups, ...size], c);
};

export const convolutionOps = [conv2dOp, imageGradientOp, filterGradientOp];
