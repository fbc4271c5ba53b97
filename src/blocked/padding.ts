// The numbers in the padding of blocked tensors, followed through a graph.
import { addOp, divOp, mulOp, subOp } from "../autodiff/ops/elementwise.ts";
import { splatValue } from "../autodiff/ops/leaves.ts";
import { sameShape, sizeOf } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import { hasPadding, type Layout } from "./layout.ts";

/** The content of a tensor's padding: a number; "some" finite one; or NaN, of which nothing is known. */
type Padding = number | "some";

/** Arithmetic with an unknown finite number. A divisor that divides real channels too is none that is zero. */
const withSome = (v: Value, [a, b]: readonly Padding[]): Padding => {
  if ((v.op === mulOp && (a === 0 || b === 0)) || (v.op === divOp && a === 0)) return 0;
  const finite = [a, b].every((p) => p === "some" || Number.isFinite(p));
  return finite && (v.op === mulOp || v.op === addOp || v.op === subOp) ? "some" : Number.NaN;
};

/**
 * Finds the content of the padding of blocked values. Filters, results of convolutions, and whatever is brought into
 * a blocked layout have zeros there; arithmetic keeps most zeros (ReLU, products, AdamW's 0 / (sqrt 0 + eps)), but not all
 * (sigmoid). Where channels are summed over, padding that may not be zero is cut off and put on anew.
 */
export const paddingOf = (
  order: readonly Value[],
  layouts: ReadonlyMap<Value, Layout>,
  size: number,
): ((v: Value) => Padding) => {
  const known = new Map<Value, Padding>();
  const operand = (i: Value, v: Value, layout: Layout): Padding => {
    if (sameShape(i.shape, v.shape)) return layouts.get(i) === layout ? (known.get(i) ?? 0) : 0;
    if (sizeOf(i.shape) === 1) return splatValue(i) ?? "some";
    // Stretched along other axes than the channels' it is the same in the padding; along one axis of channels both comes up.
    if (layout === "filter") return Number.NaN;
    const axis = layout === "image" ? 1 : 0;
    return (i.shape[axis + i.shape.length - v.shape.length] ?? 1) === 1 ? "some" : 0;
  };
  for (const v of order) {
    const layout = layouts.get(v);
    if (layout === undefined || v.op.scalar === undefined || !hasPadding(v.shape, layout, size)) continue;
    const operands = v.inputs.map((i) => operand(i, v, layout));
    known.set(v, operands.every((p) => p !== "some") ? v.op.scalar(...operands) : withSome(v, operands));
  }
  return (v) => known.get(v) ?? 0;
};
