// Sums, maxima and means over axes, and the broadcast that undoes them.
import type { OnnxWriter } from "../onnx-writer.ts";
import { broadcast, broadcastAxes, expectFloat, normalAxis, shapeError } from "../shapes.ts";
import { sameShape, sizeOf } from "../types.ts";
import { apply, defineOp, type Value } from "../value.ts";
import { div, equal, mul } from "./elementwise.ts";
import { reshape } from "./movement.ts";

type ReduceAttributes = { axes: readonly number[]; keepDims: boolean };

const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((d, i) => (axes.includes(i) ? 1 : d));

const reducedShape = (shape: readonly number[], { axes, keepDims }: ReduceAttributes): number[] =>
  keepDims ? keptShape(shape, axes) : shape.filter((_, i) => !axes.includes(i));

/** Sums of [N,C,H,W] over N,H,W run faster as two reductions, each over neighbouring axes. */
export const lowerSum = (onnx: OnnxWriter, opType: string, x: string, { axes, keepDims }: ReduceAttributes): string => {
  const keepdims = keepDims ? 1 : 0;
  if (axes.length > 1 && axes[0] === 0 && axes[1]! > 1) {
    const inner = onnx.node(opType, [x, onnx.ints(axes.slice(1))], { keepdims });
    return onnx.node("ReduceSum", [inner, onnx.ints([0])], { keepdims });
  }
  return onnx.node(opType, [x, onnx.ints(axes)], { keepdims });
};

export const reduceSumOp = defineOp<ReduceAttributes>({
  name: "reduceSum",
  infer: ([x], attributes) => ({
    dtype: expectFloat("reduceSum", x).dtype,
    shape: reducedShape(x.shape, attributes),
  }),
  vjp: (dy, { inputs: [x], attributes }) => [broadcastTo(reshape(dy, keptShape(x.shape, attributes.axes)), x.shape)],
  lower: (onnx, [x], { attributes }) => lowerSum(onnx, "ReduceSum", x, attributes),
  samples: [
    { shapes: [[2, 3, 4]], attributes: { axes: [1], keepDims: false } },
    { shapes: [[2, 3, 4, 5]], attributes: { axes: [0, 2, 3], keepDims: true } },
    { shapes: [[2, 3]], attributes: { axes: [0, 1], keepDims: false } },
  ],
});

export const reduceMaxOp = defineOp<ReduceAttributes>({
  name: "reduceMax",
  infer: ([x], attributes) => ({
    dtype: expectFloat("reduceMax", x).dtype,
    shape: reducedShape(x.shape, attributes),
  }),
  // The cotangent is shared evenly among equal largest elements.
  vjp: (dy, { inputs: [x], y, attributes: { axes } }) => {
    const kept = keptShape(x.shape, axes);
    const largest = equal(x, reshape(y, kept));
    return [mul(largest, div(reshape(dy, kept), reduceSum(largest, axes, true)))];
  },
  lower: (onnx, [x], { attributes: { axes, keepDims } }) =>
    onnx.node("ReduceMax", [x, onnx.ints(axes)], { keepdims: keepDims ? 1 : 0 }),
  samples: [
    { shapes: [[3, 7]], attributes: { axes: [1], keepDims: false } },
    { shapes: [[3, 2, 4]], attributes: { axes: [0, 2], keepDims: true } },
  ],
});

const axesOf = (op: string, x: Value, axes: readonly number[] | undefined): number[] =>
  (axes ?? x.shape.map((_, i) => i)).map((a) => normalAxis(op, a, x.shape.length)).sort((a, b) => a - b);

/** Sum over some axes (all by default). */
export const reduceSum = (x: Value, axes?: readonly number[], keepDims = false): Value => {
  const over = axesOf("reduceSum", x, axes);
  return over.length === 0 ? x : apply(reduceSumOp, [x], { axes: over, keepDims });
};

/** Largest element over some axes (all by default). */
export const reduceMax = (x: Value, axes?: readonly number[], keepDims = false): Value =>
  apply(reduceMaxOp, [x], { axes: axesOf("reduceMax", x, axes), keepDims });

/** Mean over some axes (all by default). */
export const mean = (x: Value, axes?: readonly number[], keepDims = false): Value => {
  const over = axesOf("mean", x, axes);
  return mul(reduceSum(x, over, keepDims), 1 / sizeOf(over.map((a) => x.shape[a]!)));
};

/** Undoes a broadcast: sums x over the axes along which `shape` was stretched. */
export const reduceSumTo = (x: Value, shape: readonly number[]): Value =>
  reshape(reduceSum(x, broadcastAxes(x.shape, shape), true), shape);

export const broadcastToOp = defineOp<{ shape: readonly number[] }>({
  name: "broadcastTo",
  infer: ([x], { shape }) => {
    if (!sameShape(broadcast("broadcastTo", x.shape, shape), shape)) {
      throw shapeError("broadcastTo", `[${x.shape}] does not broadcast to [${shape}]`);
    }
    return { dtype: x.dtype, shape };
  },
  vjp: (dy, { inputs: [x] }) => [reduceSumTo(dy, x.shape)],
  lower: (onnx, [x], { attributes }) => onnx.node("Expand", [x, onnx.ints(attributes.shape)]),
  samples: [{ shapes: [[3, 1]], attributes: { shape: [2, 3, 4] } }],
});

export const broadcastTo = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape });

export const reduceOps = [reduceSumOp, reduceMaxOp, broadcastToOp];
