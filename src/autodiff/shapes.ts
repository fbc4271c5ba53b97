// Checks and arithmetic of shapes, with errors that name the operator.
import { DistilleryError } from "../support/errors.ts";
import { formatType, sameShape, type TensorType } from "./types.ts";

export const shapeError = (op: string, message: string): DistilleryError =>
  new DistilleryError("SHAPE", `${op}: ${message}`);

/** The shape two operands broadcast to (NumPy's rule: aligned at the right, 1 stretches). */
export const broadcast = (op: string, a: readonly number[], b: readonly number[]): number[] => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a[i - rank + a.length] ?? 1;
    const q = b[i - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) {
      throw shapeError(op, `shapes [${a}] and [${b}] do not broadcast: ${p} against ${q} at axis ${i}`);
    }
    return p === 1 ? q : p;
  });
};

interface Sizes {
  readonly 2: readonly [number, number];
  readonly 3: readonly [number, number, number];
  readonly 4: readonly [number, number, number, number];
  readonly 5: readonly [number, number, number, number, number];
  readonly 6: readonly [number, number, number, number, number, number];
}

const hasRank = <R extends keyof Sizes>(shape: readonly number[], rank: R): shape is Sizes[R] => shape.length === rank;

/** The sizes of a shape of known rank, to be taken apart: `const [n, c, h, w] = sizes(x.shape, 4)`. */
export const sizes = <R extends keyof Sizes>(shape: readonly number[], rank: R): Sizes[R] => {
  if (!hasRank(shape, rank)) throw shapeError("sizes", `expected a shape of rank ${rank}, got [${shape}]`);
  return shape;
};

/** Axes that must be summed to bring `from` back to `to`, where `to` broadcasts to `from`. */
export const broadcastAxes = (from: readonly number[], to: readonly number[]): number[] => {
  const lead = from.length - to.length;
  return from.flatMap((d, i) => (i < lead || (to[i - lead] === 1 && d !== 1) ? [i] : []));
};

/** Checks that all are float32 and returns the first. */
export const expectFloat = (op: string, first: TensorType, ...rest: readonly TensorType[]): TensorType => {
  for (const type of [first, ...rest]) {
    if (type.dtype !== "float32") throw shapeError(op, `expected float32, got ${formatType(type)}`);
  }
  return first;
};

export const expectRank = (op: string, what: string, type: TensorType, rank: number): void => {
  if (type.shape.length !== rank) throw shapeError(op, `${what} must have rank ${rank}, got ${formatType(type)}`);
};

export const expectShape = (op: string, what: string, type: TensorType, shape: readonly number[]): void => {
  if (!sameShape(type.shape, shape)) throw shapeError(op, `${what} must be [${shape}], got ${formatType(type)}`);
};

/** An axis counted from the front; negative ones count from the back. */
export const normalAxis = (op: string, axis: number, rank: number): number => {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(a) || a < 0 || a >= rank)
    throw shapeError(op, `axis ${axis} is outside a tensor of rank ${rank}`);
  return a;
};
