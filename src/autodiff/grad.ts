// Reverse-mode derivatives, built as ordinary values.
import { topologicalOrder, valuesOf } from "./graph.ts";
import { add } from "./ops/elementwise.ts";
import { ones, zeros } from "./ops/leaves.ts";
import { reduceSumTo } from "./ops/reduce.ts";
import { shapeError } from "./shapes.ts";
import { fillTree, type WithLeaves } from "./tree.ts";
import type { Value } from "./value.ts";

/**
 * Reverse-mode derivatives as ordinary values: the gradients of sum_i <cotangents[i], outputs[i]> with respect to `wrt`.
 * The results can be differentiated again.
 */
export const vjp = (outputs: readonly Value[], cotangents: readonly Value[], wrt: readonly Value[]): Value[] => {
  const order = topologicalOrder(outputs);
  const leadsToWrt = new Set<Value>(wrt);
  for (const v of order) if (v.inputs.some((i) => leadsToWrt.has(i))) leadsToWrt.add(v);
  const sums = new Map<Value, Value>();
  const accumulate = (v: Value, cotangent: Value): void => {
    // The one place where broadcasting is undone.
    const ct = reduceSumTo(cotangent, v.shape);
    const sum = sums.get(v);
    sums.set(v, sum === undefined ? ct : add(sum, ct));
  };
  outputs.forEach((y, i) => {
    accumulate(y, cotangents[i]!);
  });
  for (const y of order.toReversed()) {
    const dy = sums.get(y);
    if (dy === undefined || !leadsToWrt.has(y) || !y.inputs.some((i) => leadsToWrt.has(i))) continue;
    const cts = y.op.vjp(dy, { inputs: y.inputs, y, attributes: y.attributes });
    y.inputs.forEach((x, i) => {
      const ct = cts[i];
      if (ct !== undefined && leadsToWrt.has(x)) accumulate(x, ct);
    });
  }
  return wrt.map((v) => sums.get(v) ?? zeros(v.shape));
};

/** Gradient of a scalar with respect to a tree of values, as a tree of the same form. */
export const gradients = <P>(loss: Value, wrt: P): WithLeaves<P, Value> => {
  if (loss.shape.length !== 0) throw shapeError("gradients", `the loss must be a scalar, got [${loss.shape}]`);
  return fillTree(wrt, vjp([loss], [ones([])], valuesOf(wrt)));
};
