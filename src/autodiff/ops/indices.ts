// Arithmetic on lists of int64 that say where something lies; `gather` takes them. Nothing flows back through them.
import { shapeError } from "../shapes.ts";
import { apply, defineOp, type Value } from "../value.ts";

const indexOp = (name: string, onnxName: string) =>
  defineOp<{ by: number }>({
    name,
    infer: ([indices], { by }) => {
      if (indices?.dtype !== "int64") throw shapeError(name, `expected indices of int64, got ${indices?.dtype}`);
      if (!Number.isInteger(by) || by < 1) throw shapeError(name, `expected a divisor of at least 1, got ${by}`);
      return indices;
    },
    vjp: () => [undefined],
    lower: (onnx, [indices], { attributes: { by } }) =>
      onnx.node(onnxName, [indices!, onnx.longs(BigInt64Array.of(BigInt(by)), [])]),
    samples: [],
  });

export const quotientOp = indexOp("quotient", "Div");
export const remainderOp = indexOp("remainder", "Mod");

/** Indices (0 or above) divided by a whole number, rounded down. */
export const quotient = (indices: Value, by: number): Value => apply(quotientOp, [indices], { by });

/** Remainders of indices (0 or above) that are divided by a whole number. */
export const remainder = (indices: Value, by: number): Value => apply(remainderOp, [indices], { by });

export const indexOps = [quotientOp, remainderOp];
