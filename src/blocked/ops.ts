// ONNX Runtime's operators on blocked tensors.
import { reshape, transpose } from "../autodiff/ops/movement.ts";
import { shapeError, sizes } from "../autodiff/shapes.ts";
import { sizeOf, type TensorType } from "../autodiff/types.ts";
import {
  type Attributes,
  apply,
  defineOp,
  type NoAttributes,
  type Op,
  type Operands,
  type Value,
} from "../autodiff/value.ts";
import { blockedShape, type Layout, padToBlocks, plainShape } from "./layout.ts";

/**
 * ONNX Runtime's own blocked operators (domain com.microsoft.nchwc) as operators on blocked values. They are internal to
 * it: the version is pinned, and runtime/blocking.ts compares them with the standard operators before they are used.
 * They say [N, C, H, W] of a tensor that lies blocked; the reshapes in the lowerings are only words, most of which cancel.
 */
const domain = "com.microsoft.nchwc::";

/** These operators come into a graph after differentiation. */
const afterGradients = {
  vjp: (): never => {
    throw shapeError("blocked operator", "has no derivative: blocking is the last pass over a graph");
  },
  samples: [],
};

export const blockedOp = <A extends Attributes, I extends Operands = readonly [x: Value]>(
  op: Pick<Op<A, I>, "name" | "infer" | "lower">,
): Op<A, I> => defineOp<A, I>({ ...op, ...afterGradients });

const nominal = ({ shape }: TensorType): number[] => plainShape(shape, "image");

export const blockImageOp = blockedOp<{ block: number }>({
  name: "blockImage",
  infer: ([x], { block }) => ({ dtype: "float32", shape: blockedShape(x.shape, "image", block) }),
  lower: (onnx, [x], { output }) =>
    onnx.reshape(onnx.node(`${domain}ReorderInput`, [x], { channels_last: 0 }), output.shape, nominal(output)),
});

/** x [N, C, H, W] blocked, with zeros after its channels. The operator itself adds them to multiples of four. */
export const blockImage = (x: Value, block: number): Value =>
  apply(blockImageOp, [x.shape[1]! % 4 === 0 ? x : padToBlocks(x, 1, block)], { block });

/** A filter in its layout: b filters are an image of b channels, and taps then move as rows of b numbers. */
const blockFilter = (w: Value, layout: "filter" | "rows", size: number): Value => {
  const shape = blockedShape(w.shape, layout, size);
  const whole = padToBlocks(layout === "filter" ? padToBlocks(w, 1, size) : w, 0, size);
  const rows = blockImage(reshape(whole, [shape[0]!, size, sizeOf(whole.shape) / (shape[0]! * size), 1]), size);
  if (layout === "rows") return reshape(rows, shape);
  const [kb, cb, kh, kw] = sizes(shape, 6);
  return reshape(transpose(reshape(rows, [kb, cb, size, kh * kw, size]), [0, 1, 3, 2, 4]), shape);
};

/** Blocks a plain tensor. */
export const block = (x: Value, layout: Layout, size: number): Value =>
  layout === "image" ? blockImage(x, size) : blockFilter(x, layout, size);

export const unblockImageOp = blockedOp<{ channels: number }>({
  name: "unblockImage",
  infer: ([x], { channels }) => ({ dtype: "float32", shape: nominal(x).with(1, channels) }),
  lower: (onnx, [x], { inputs: [type], attributes: { channels } }) =>
    onnx.node(`${domain}ReorderOutput`, [onnx.reshape(x, nominal(type))], { channels, channels_last: 0 }),
});

/** The way back: the first `channels` of x. */
export const unblockImage = (x: Value, channels: number): Value => apply(unblockImageOp, [x], { channels });

/** Every [b, b] tile at the end of a tensor transposed. */
export const transposeTilesOp = blockedOp<NoAttributes>({
  name: "transposeTiles",
  infer: ([x]) => {
    const [rows, columns] = x.shape.slice(-2);
    if (rows !== columns) throw shapeError("transposeTiles", `tiles are [${rows}, ${columns}], expected square ones`);
    return x;
  },
  // A tile is an image of b channels and b places.
  lower: (onnx, [x], { output: { shape } }) => {
    const b = shape.at(-1)!;
    const tiles = sizeOf(shape.slice(0, -2));
    const images = onnx.reshape(x, [tiles, b, b, 1], shape);
    return onnx.reshape(onnx.node(`${domain}ReorderInput`, [images], { channels_last: 0 }), shape, [tiles, b, b, 1]);
  },
});

export const transposeTiles = (x: Value): Value => apply(transposeTilesOp, [x], {});

/** The function that a convolution applies to its result before writing it. */
export type Activation = "none" | "relu" | "relu6" | "step" | "abs";

const activations = {
  none: {},
  relu: { activation: "Relu" },
  relu6: { activation: "Clip", activation_params: { floats: [0, 6] } },
  step: { activation: "HardSigmoid", activation_params: { floats: [1e30, 0] } },
  abs: { activation: "LeakyRelu", activation_params: { floats: [-1] } },
} as const;

export type BlockedConvolution = {
  readonly stride: readonly number[];
  /** Zeros at the top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly bias: boolean;
  readonly sum: boolean;
  readonly activation: Activation;
};

/**
 * Inputs x [N, C/b, H, W, b] (or plain [N, C, H, W] where C < b), w [K/b, C/b, kh, kw, b, b] (or rows), then bias [K] if
 * `bias`, then a tensor of the result's shape to add if `sum`; the activation comes last.
 */
export const blockedConvOp = blockedOp<BlockedConvolution, readonly [x: Value, w: Value, ...more: Value[]]>({
  name: "blockedConv",
  infer: ([x, w], { stride, pads, dilation }) => {
    const size = [0, 1].map(
      (a) =>
        Math.floor(
          (x.shape[2 + a]! + pads[a]! + pads[2 + a]! - dilation[a]! * (w.shape[2 + a]! - 1) - 1) / stride[a]!,
        ) + 1,
    );
    return { dtype: "float32", shape: [x.shape[0]!, w.shape[0]!, size[0]!, size[1]!, w.shape.at(-1)!] };
  },
  lower: (
    onnx,
    names,
    { attributes: { stride, pads, dilation, groups, bias, sum, activation }, inputs: [x, w], output },
  ) => {
    const image = x.shape.length === 5 ? onnx.reshape(names[0], nominal(x), x.shape) : names[0];
    const filter = onnx.reshape(names[1], plainShape(w.shape, w.shape.length === 6 ? "filter" : "rows"), w.shape);
    const rest = [
      ...(bias || sum ? [bias ? names[2]! : ""] : []),
      ...(sum ? [onnx.reshape(names.at(-1)!, nominal(output), output.shape)] : []),
    ];
    const y = onnx.node(`${domain}Conv`, [image, filter, ...rest], {
      kernel_shape: w.shape.slice(2, 4),
      strides: stride,
      pads,
      dilations: dilation,
      group: groups,
      ...activations[activation],
    });
    return onnx.reshape(y, output.shape, nominal(output));
  },
});

export interface ConvolutionParts {
  readonly stride?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
  readonly bias?: Value | undefined;
  readonly sum?: Value | undefined;
  readonly activation?: Activation;
}

export const blockedConv = (x: Value, w: Value, parts: ConvolutionParts = {}): Value => {
  const { stride = [1, 1], pads = [0, 0, 0, 0], dilation = [1, 1], groups = 1, bias, sum, activation = "none" } = parts;
  const flags = { bias: bias !== undefined, sum: sum !== undefined };
  return apply(blockedConvOp, [x, w, ...(bias ? [bias] : []), ...(sum ? [sum] : [])], {
    stride,
    pads,
    dilation,
    groups,
    ...flags,
    activation,
  });
};

type Pool = {
  readonly kind: "AveragePool" | "MaxPool";
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
};

export const blockedPoolOp = blockedOp<Pool>({
  name: "blockedPool",
  infer: ([x], { kernel, stride, padding }) => {
    const size = (a: 0 | 1): number => Math.floor((x.shape[2 + a]! + 2 * padding[a]! - kernel[a]!) / stride[a]!) + 1;
    return { dtype: "float32", shape: x.shape.with(2, size(0)).with(3, size(1)) };
  },
  lower: (onnx, [x], { attributes: { kind, kernel, stride, padding }, inputs: [type], output }) => {
    const counted = kind === "AveragePool" ? { count_include_pad: 1 } : {};
    const pads = [...padding, ...padding];
    const attributes = { kernel_shape: kernel, strides: stride, pads, ...counted };
    const image = onnx.reshape(x, nominal(type), type.shape);
    return onnx.reshape(onnx.node(domain + kind, [image], attributes), output.shape, nominal(output));
  },
});

export const blockedPool = (x: Value, pool: Pool): Value => apply(blockedPoolOp, [x], pool);

/** Means over rows and columns: [N, C/b, H, W, b] -> [N, C/b, 1, 1, b]. */
export const blockedMeanOp = blockedOp<NoAttributes>({
  name: "blockedMean",
  infer: ([x]) => ({ dtype: "float32", shape: x.shape.with(2, 1).with(3, 1) }),
  lower: (onnx, [x], { inputs: [type], output }) => {
    const image = onnx.reshape(x, nominal(type), type.shape);
    return onnx.reshape(onnx.node(`${domain}GlobalAveragePool`, [image]), output.shape, nominal(output));
  },
});

export const blockedMean = (x: Value): Value => apply(blockedMeanOp, [x], {});

/** Every place repeated factor[0] x factor[1] times: [N, C/b, H, W, b] -> [N, C/b, fy H, fx W, b]. */
export const blockedUpsampleOp = blockedOp<{ factor: readonly number[] }>({
  name: "blockedUpsample",
  infer: ([x], { factor: [fy, fx] }) => ({
    dtype: "float32",
    shape: x.shape.with(2, x.shape[2]! * fy!).with(3, x.shape[3]! * fx!),
  }),
  lower: (onnx, [x], { attributes: { factor }, inputs: [type], output }) => {
    const image = onnx.reshape(x, nominal(type), type.shape);
    const attributes = { scales: [1, 1, ...factor], mode: "nearest" };
    return onnx.reshape(onnx.node(`${domain}Upsample`, [image], attributes), output.shape, nominal(output));
  },
});

export const blockedUpsample = (x: Value, factor: readonly number[]): Value =>
  factor.every((f) => f === 1) ? x : apply(blockedUpsampleOp, [x], { factor });
