// Rules that compute with constants, and drop operations that change nothing.
import { channelAffineOp } from "../ops/channel.ts";
import { addOp, divOp, mul, mulOp, negOp, subOp } from "../ops/elementwise.ts";
import { splat, splatValue } from "../ops/leaves.ts";
import { reshapeOp, sliceOp, transposeOp } from "../ops/movement.ts";
import { broadcastToOp, reduceSumOp } from "../ops/reduce.ts";
import { sameShape, sizeOf } from "../types.ts";
import { isOf, type Op } from "../value.ts";
import { on, type Rewrite } from "./rewrite.ts";

const movers = new Set<Op>([reshapeOp, transposeOp, broadcastToOp, sliceOp]);

const arithmetic: Rewrite = {
  name: "arithmetic on uniform constants",
  rewrite: (v) => {
    if (v.op.scalar === undefined) return undefined;
    const values = v.inputs.map(splatValue);
    return values.every((x) => x !== undefined) ? splat(Math.fround(v.op.scalar(...values)), v.shape) : undefined;
  },
};

const movement: Rewrite = {
  name: "movement of uniform constants",
  rewrite: (v) => {
    const value = movers.has(v.op) ? splatValue(v.inputs[0]!) : undefined;
    return value === undefined ? undefined : splat(value, v.shape);
  },
};

/** x op neutral = x, where the result keeps x's shape. */
const neutral = (op: typeof addOp, value: number, side: 0 | 1): Rewrite =>
  on(op, `neutral element of ${op.name}`, (v) => {
    const other = v.inputs[side === 0 ? 1 : 0];
    return splatValue(v.inputs[side]) === value && sameShape(other.shape, v.shape) ? other : undefined;
  });

export const foldingRules: readonly Rewrite[] = [
  arithmetic,
  movement,
  on(reduceSumOp, "sum of uniform constants", (v) => {
    const value = splatValue(v.inputs[0]);
    return value === undefined ? undefined : splat((value * sizeOf(v.inputs[0].shape)) / sizeOf(v.shape), v.shape);
  }),
  neutral(addOp, 0, 0),
  neutral(addOp, 0, 1),
  neutral(subOp, 0, 1),
  neutral(mulOp, 1, 0),
  neutral(mulOp, 1, 1),
  neutral(divOp, 1, 1),
  on(mulOp, "product with zero", (v) => (v.inputs.some((x) => splatValue(x) === 0) ? splat(0, v.shape) : undefined)),
  on(negOp, "double negation", (v) => (isOf(v.inputs[0], negOp) ? v.inputs[0].inputs[0] : undefined)),
  on(mulOp, "product with two scalars", (v, usesOf) => {
    const [x, outer] = splatValue(v.inputs[1]) === undefined ? [v.inputs[1], v.inputs[0]] : [v.inputs[0], v.inputs[1]];
    const c = splatValue(outer);
    if (c === undefined || x.op !== mulOp || usesOf(x) > 1 || !sameShape(x.shape, v.shape)) return undefined;
    const inner = x.inputs.findIndex((i) => splatValue(i) !== undefined);
    if (inner < 0 || !sameShape(x.inputs[1 - inner]!.shape, v.shape)) return undefined;
    return mul(x.inputs[1 - inner]!, Math.fround(c * splatValue(x.inputs[inner]!)!));
  }),
  on(channelAffineOp, "identity affine", (v) =>
    splatValue(v.inputs[1]) === 1 && splatValue(v.inputs[2]) === 0 ? v.inputs[0] : undefined,
  ),
];
