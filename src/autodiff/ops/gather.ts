// Picking rows by index, and adding rows back to their places.
import { normalAxis, shapeError } from "../shapes.ts";
import { apply, defineOp, type Value } from "../value.ts";

const checkIndices = (op: string, indices: { dtype: string; shape: readonly number[] } | undefined): number => {
  if (indices?.dtype !== "int64" || indices.shape.length !== 1) throw shapeError(op, "indices must be a list of int64");
  return indices.shape[0]!;
};

export const gatherOp = defineOp<{ axis: number }, readonly [x: Value, indices: Value]>({
  name: "gather",
  infer: ([x, indices], { axis }) => {
    const n = checkIndices("gather", indices);
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? n : d)) };
  },
  vjp: (dy, { inputs: [x, indices], attributes: { axis } }) => [
    scatterAdd(dy, indices, axis, x.shape[axis]!),
    undefined,
  ],
  lower: (onnx, [x, indices], { attributes }) => onnx.node("Gather", [x, indices], { axis: attributes.axis }),
  samples: [
    { shapes: [[5, 3], [7]], indices: { 1: 5 }, attributes: { axis: 0 } },
    { shapes: [[2, 4, 3], [4]], indices: { 1: 4 }, attributes: { axis: 1 } },
  ],
});

/** Rows of x along one axis, in the order of `indices` (a list of int64, an input or a constant). */
export const gather = (x: Value, indices: Value, axis: number): Value =>
  apply(gatherOp, [x, indices], { axis: normalAxis("gather", axis, x.shape.length) });

export const scatterAddOp = defineOp<{ axis: number; size: number }, readonly [x: Value, indices: Value]>({
  name: "scatterAdd",
  infer: ([x, indices], { axis, size }) => {
    const n = checkIndices("scatterAdd", indices);
    if (x.shape[axis] !== n) throw shapeError("scatterAdd", `${n} indices for axis ${axis} of [${x.shape}]`);
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) };
  },
  vjp: (dy, { inputs: [, indices], attributes: { axis } }) => [gather(dy, indices, axis), undefined],
  lower: (onnx, [x, indices], { attributes: { axis }, inputs: [type], output }) => {
    const column = onnx.reshape(
      indices,
      type.shape.map((_, i) => (i === axis ? -1 : 1)),
    );
    const everywhere = onnx.node("Expand", [column, onnx.ints(type.shape)]);
    return onnx.node("ScatterElements", [onnx.fill(0, output.shape), everywhere, x], { axis, reduction: "add" });
  },
  samples: [{ shapes: [[7, 3], [7]], indices: { 1: 5 }, attributes: { axis: 0, size: 5 } }],
});

/** Adds row i of x to row indices[i] of a zero tensor with `size` rows: the transpose of `gather`. */
export const scatterAdd = (x: Value, indices: Value, axis: number, size: number): Value =>
  apply(scatterAddOp, [x, indices], { axis: normalAxis("scatterAdd", axis, x.shape.length), size });

export const gatherOps = [gatherOp, scatterAddOp];
