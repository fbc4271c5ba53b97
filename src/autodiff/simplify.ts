// Simplification of a graph, rule by rule until nothing changes.
import { checkGraph, type Graph, topologicalOrder, useCounts } from "./graph.ts";
import { inputOp, literalOp } from "./ops/leaves.ts";
import { channelRules } from "./rewrites/channel.ts";
import { foldingRules } from "./rewrites/folding.ts";
import { type Joining, joinUpdates } from "./rewrites/joined-updates.ts";
import { movementRules } from "./rewrites/movement.ts";
import { eliminateNarrowOutputs } from "./rewrites/narrow-convolution.ts";
import type { Rewrite } from "./rewrites/rewrite.ts";
import { type AttributeValue, Value } from "./value.ts";

const everywhere: readonly Rewrite[] = [...foldingRules, ...movementRules, ...channelRules];

/** Returns for every value the first one with equal operator, inputs and attributes. */
const interner = (): ((v: Value) => Value) => {
  const known = new Map<string, Value>();
  const numbers = new Map<object, number>();
  const number = (o: object): number => {
    const n = numbers.get(o) ?? numbers.size;
    numbers.set(o, n);
    return n;
  };
  const keyOf = (value: AttributeValue): unknown => {
    if (value instanceof Float32Array || value instanceof BigInt64Array) return `data ${number(value)}`;
    // JSON knows neither infinities nor the sign of zero.
    return typeof value === "number" ? `${Object.is(value, -0) ? "-0" : value}` : value;
  };
  return (v) => {
    if (v.op === inputOp) return v;
    const attributes = Object.entries(v.attributes).map(([k, value]) => [k, keyOf(value)]);
    const key = JSON.stringify([v.op.name, v.inputs.map(number), attributes, v.op === literalOp ? v.shape : 0]);
    const same = known.get(key);
    if (same === undefined) known.set(key, v);
    return same ?? v;
  };
};

/** Rebuilds every value on its simplified inputs, applies at most one rule to it, and shares equal values. */
const pass = (graph: Graph, rules: readonly Rewrite[]): { graph: Graph; changed: boolean } => {
  const uses = useCounts(graph);
  const usesOf = (v: Value): number => uses.get(v) ?? 1;
  const intern = interner();
  const done = new Map<Value, Value>();
  let changed = false;
  for (const v of topologicalOrder(graph.outputs)) {
    const inputs = v.inputs.map((i) => done.get(i)!);
    let result = inputs.every((x, i) => x === v.inputs[i]) ? v : new Value(v.op, inputs, v.attributes);
    for (const rule of rules) {
      const next = rule.rewrite(result, usesOf);
      if (next === undefined) continue;
      changed = true;
      result = next;
      break;
    }
    result = intern(result);
    if (result !== v) uses.set(result, (uses.get(result) ?? 0) + usesOf(v));
    done.set(v, result);
  }
  return { graph: { inputs: graph.inputs, outputs: graph.outputs.map((v) => done.get(v)!) }, changed };
};

/** Passes until nothing changes. The result is checked after every pass. */
const settle = (graph: Graph, rules: readonly Rewrite[]): Graph => {
  let current = graph;
  for (let round = 1; ; round++) {
    const next = pass(current, rules);
    current = checkGraph(next.graph, `simplification pass ${round}`);
    if (!next.changed || round === 100) return current;
  }
};

/** Rewrites of a device's graphs, beside the rules for all and after them. */
export interface DeviceRules {
  readonly rewrites: readonly Rewrite[];
  /** The bounds within which updates are worth joining; absent where they never are. */
  readonly joining?: Joining;
}

/**
 * Folds constants, shares common subexpressions, applies the named rewrites and drops what nothing uses, until nothing
 * changes; in between, once, does without the results of narrow convolutions. A device may have rules of its own.
 */
export const simplify = (graph: Graph, { rewrites, joining }: DeviceRules = { rewrites: [] }): Graph => {
  const settled = settle(graph, everywhere);
  const narrowed = eliminateNarrowOutputs(settled);
  const simple = narrowed === settled ? settled : settle(narrowed, everywhere);
  const own = rewrites.length === 0 ? simple : settle(simple, [...everywhere, ...rewrites]);
  return joining === undefined ? own : joinUpdates(own, joining);
};
