// An estimate of the memory that a compiled graph takes.
import { type Graph, sizeOf, topologicalOrder, type Value } from "../autodiff/index.ts";

const bytesOf = ({ dtype, shape }: Value): number => sizeOf(shape) * (dtype === "int64" ? 8 : 4);

/**
 * About how much memory a compiled graph takes, in bytes. It counts what is alive at once when values are computed in order
 * and freed after their last use, and what the graph is given: weights, state, feeds. The factors stand for padded copies of
 * activations, and for copies of weights on their way into a session; docs/decisions/jobs-side-by-side.md has measurements.
 */
export const estimateBytes = ({ inputs, outputs }: Graph): number => {
  const order = topologicalOrder(outputs);
  const lastUse = new Map<Value, number>();
  for (const [i, v] of order.entries()) for (const input of v.inputs) lastUse.set(input, i);
  for (const v of outputs) lastUse.set(v, order.length);
  const isGiven = (v: Value): boolean => v.inputs.length === 0;
  // A splat is one number, wherever it is spread to.
  const given = new Set([...inputs, ...order.filter(isGiven)].filter((v) => v.op.name !== "splat"));
  const costs = (v: Value): number => (isGiven(v) || v.op.name === "reshape" ? 0 : bytesOf(v));
  let [alive, most] = [0, 0];
  for (const [i, v] of order.entries()) {
    alive += costs(v);
    most = Math.max(most, alive);
    for (const input of new Set(v.inputs)) if (lastUse.get(input) === i) alive -= costs(input);
  }
  return 1.5 * most + 5 * [...given].reduce((sum, v) => sum + bytesOf(v), 0);
};
