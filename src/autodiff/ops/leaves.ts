// Values that depend on no other: inputs, literals and uniform constants.
import { shapeError } from "../shapes.ts";
import type { Tensor, TensorType } from "../types.ts";
import { sizeOf } from "../types.ts";
import { apply, defineOp, isOf, type Value } from "../value.ts";

/** A graph's input: its name is only for people. */
export const inputOp = defineOp<{ name: string; dtype: TensorType["dtype"]; shape: readonly number[] }, readonly []>({
  name: "input",
  infer: (_, { dtype, shape }) => ({ dtype, shape }),
  vjp: () => [],
  lower: (_onnx, _inputs, { attributes }) => attributes.name,
  samples: [],
});

export const input = (name: string, type: TensorType): Value =>
  apply(inputOp, [], { name, dtype: type.dtype, shape: type.shape });

/** A constant tensor with its own values. */
export const literalOp = defineOp<{ data: Float32Array | BigInt64Array; shape: readonly number[] }, readonly []>({
  name: "literal",
  infer: (_, { data, shape }) => {
    if (data.length !== sizeOf(shape))
      throw shapeError("literal", `${data.length} values do not fill shape [${shape}]`);
    return { dtype: data instanceof Float32Array ? "float32" : "int64", shape };
  },
  vjp: () => [],
  lower: (onnx, _inputs, { attributes: { data, shape } }) =>
    data instanceof Float32Array ? onnx.floats(data, shape) : onnx.longs(data, shape),
  samples: [],
});

/** A constant with given values. */
export const constant = ({ data, shape }: Pick<Tensor, "data" | "shape">): Value =>
  apply(literalOp, [], { data, shape });

/** A float32 constant with one value everywhere: kept apart from literals so that arithmetic on it can be folded. */
export const splatOp = defineOp<{ value: number; shape: readonly number[] }, readonly []>({
  name: "splat",
  infer: (_, { shape }) => ({ dtype: "float32", shape }),
  vjp: () => [],
  lower: (onnx, _inputs, { attributes: { value, shape } }) => onnx.fill(value, shape),
  samples: [],
});

export const splat = (value: number, shape: readonly number[] = []): Value => apply(splatOp, [], { value, shape });

export const zeros = (shape: readonly number[]): Value => splat(0, shape);
export const ones = (shape: readonly number[]): Value => splat(1, shape);

/** The uniform value of a constant, or undefined. */
export const splatValue = (v: Value): number | undefined => (isOf(v, splatOp) ? v.attributes.value : undefined);
