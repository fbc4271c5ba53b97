// Arithmetic on lists of int64 that say where something lies; `gather` takes them. Nothing flows back through them.
import { broadcast, shapeError } from "../shapes.ts";
import { apply, defineOp, type NoAttributes, type Value } from "../value.ts";

const expectIndices = (name: string, given: readonly (Pick<Value, "dtype"> | undefined)[]): void => {
  for (const indices of given) {
    if (indices?.dtype !== "int64") throw shapeError(name, `expected indices of int64, got ${indices?.dtype}`);
  }
};

const indexOp = (name: string, onnxName: string) =>
  defineOp<{ by: number }>({
    name,
    infer: ([indices], { by }) => {
      expectIndices(name, [indices]);
      if (!Number.isInteger(by) || by < 1) throw shapeError(name, `expected a whole number of at least 1, got ${by}`);
      return indices!;
    },
    vjp: () => [undefined],
    lower: (onnx, [indices], { attributes: { by } }) =>
      onnx.node(onnxName, [indices!, onnx.longs(BigInt64Array.of(BigInt(by)), [])]),
    samples: [],
  });

export const quotientOp = indexOp("quotient", "Div");
export const remainderOp = indexOp("remainder", "Mod");
export const timesOp = indexOp("times", "Mul");

export const plusOp = defineOp<NoAttributes, readonly [a: Value, b: Value]>({
  name: "plus",
  infer: ([a, b]) => {
    expectIndices("plus", [a, b]);
    return { dtype: a.dtype, shape: broadcast("plus", a.shape, b.shape) };
  },
  vjp: () => [undefined, undefined],
  lower: (onnx, [a, b]) => onnx.node("Add", [a, b]),
  samples: [],
});

/** Indices (0 or above) divided by a whole number, rounded down. */
export const quotient = (indices: Value, by: number): Value => apply(quotientOp, [indices], { by });

/** Remainders of indices (0 or above) that are divided by a whole number. */
export const remainder = (indices: Value, by: number): Value => apply(remainderOp, [indices], { by });

/** Indices (0 or above) times a whole number of at least 1. */
export const times = (indices: Value, by: number): Value => apply(timesOp, [indices], { by });

/** Sums of indices, one by one. */
export const plus = (a: Value, b: Value): Value => apply(plusOp, [a, b], {});

export const indexOps = [quotientOp, remainderOp, timesOp, plusOp];
