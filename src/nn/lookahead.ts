// Lookahead: slow weights that the weights are drawn to.
import { add, float32, mul, sub, type TensorType, type Value } from "../autodiff/index.ts";
import type { Named } from "./layers.ts";
import type { Hyper } from "./optimisers.ts";

/**
 * Lookahead (Zhang et al. 2019) with a memory that grows, as airbench94 has it: every 5 steps slow weights s move towards
 * the weights p, and the weights jump to them:
 *
 *   s' = keep s + (1 - keep) p,  p' = s',  keep = 0.95^5 (step / steps)^3
 *
 * At first s is simply p; at the end it averages the last 20 steps or so. The weights of the last step are the slow ones.
 */
const every = 5;

/** Rates at which the slow weights move, and at which the weights then move to them; both 0 between meetings. */
export const slowHyper = (step: number, steps: number): Hyper => {
  const done = step + 1;
  const meets = done % every === 0;
  return {
    slowRate: meets ? 1 - 0.95 ** every * (done / steps) ** 3 : 0,
    fastRate: meets || done === steps ? 1 : 0,
  };
};

export const slowHyperTypes: Record<string, TensorType> = { slowRate: float32(), fastRate: float32() };

/** Slow and fast values after a step; `fast` may hold more than `slow`, which then has no part in this. */
export const lookaheadUpdate = (
  slow: Named<Value>,
  fast: Named<Value>,
  { slowRate, fastRate }: Named<Value>,
): { slow: Record<string, Value>; fast: Record<string, Value> } => {
  const moved = Object.entries(slow).map(([name, s]): [string, Value, Value] => {
    const p = fast[name]!;
    const next = add(s, mul(sub(p, s), slowRate!));
    return [name, next, add(p, mul(sub(next, p), fastRate!))];
  });
  return {
    slow: Object.fromEntries(moved.map(([name, next]) => [name, next])),
    fast: { ...fast, ...Object.fromEntries(moved.map(([name, , next]) => [name, next])) },
  };
};
