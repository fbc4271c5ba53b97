// Rules that drop or merge reshapes, transpositions and broadcasts.
import { reshape, reshapeOp, transpose, transposeOp } from "../ops/movement.ts";
import { broadcastTo, broadcastToOp } from "../ops/reduce.ts";
import { broadcast } from "../shapes.ts";
import { sameShape } from "../types.ts";
import { isOf, Value } from "../value.ts";
import { on, type Rewrite } from "./rewrite.ts";

export const movementRules: readonly Rewrite[] = [
  on(reshapeOp, "reshape of a reshape", (v) => {
    const x = v.inputs[0];
    if (sameShape(x.shape, v.shape)) return x;
    return isOf(x, reshapeOp) ? reshape(x.inputs[0], v.shape) : undefined;
  }),
  on(transposeOp, "transposition undone or composed", (v) => {
    const x = v.inputs[0];
    const outer = v.attributes.permutation;
    if (outer.every((p, i) => p === i)) return x;
    if (!isOf(x, transposeOp)) return undefined;
    const inner = x.attributes.permutation;
    return transpose(
      x.inputs[0],
      outer.map((p) => inner[p]!),
    );
  }),
  on(broadcastToOp, "broadcast of a broadcast", (v) => {
    const x = v.inputs[0];
    if (sameShape(x.shape, v.shape)) return x;
    return isOf(x, broadcastToOp) ? broadcastTo(x.inputs[0], v.shape) : undefined;
  }),
  {
    name: "elementwise operators broadcast by themselves",
    rewrite: (v) => {
      if (v.op.scalar === undefined || v.inputs.length !== 2) return undefined;
      for (const side of [0, 1] as const) {
        const x = v.inputs[side]!;
        const other = v.inputs[1 - side]!;
        if (!isOf(x, broadcastToOp)) continue;
        const small = x.inputs[0];
        if (!sameShape(broadcast("rewrite", small.shape, other.shape), v.shape)) continue;
        return new Value(v.op, side === 0 ? [small, other] : [other, small], v.attributes);
      }
      return undefined;
    },
  },
];
