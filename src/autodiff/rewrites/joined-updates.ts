// A rewrite that does the same elementwise operations on several tensors as one.
import { checkGraph, type Graph, topologicalOrder } from "../graph.ts";
import { constant, splat, splatValue } from "../ops/leaves.ts";
import { concat, part } from "../ops/movement.ts";
import { sizeOf } from "../types.ts";
import { Value } from "../value.ts";
import { type Alike, alikeAbove, endsOf, isShared, operandsOf, type Row, surroundingsOf } from "./isomorphic.ts";

/** The worth of joining on a device. */
export interface Joining {
  /** Bytes that its memory moves in the time in which it starts a kernel. */
  readonly startBytes: number;
  /** The most tensors that are joined at once. */
  readonly most: number;
}

/** Rows that are results of the graph themselves, or hold one. */
const seen = ({ rows }: Alike, results: ReadonlySet<Value>): Row[] =>
  rows.filter((row) => row.some((v) => results.has(v)));

/**
 * Bytes that are saved, starts of kernels among them. Every tensor but one saves its operations; joining the leaves
 * and parting what is seen takes a start each, and reads and writes 4 bytes an element.
 */
const savedBy = (alike: Alike, results: ReadonlySet<Value>, { startBytes }: Joining): number => {
  const root = alike.rows.at(-1);
  if (root === undefined) return Number.NEGATIVE_INFINITY;
  const moves = alike.leaves.length + seen(alike, results).length;
  const starts = (root.length - 1) * alike.rows.length - moves;
  return starts * startBytes - moves * root.length * 8 * sizeOf(root[0]!.shape);
};

/** A number that all share; where it differs from tensor to tensor, one for each row of the joined one. */
const sharedNumber = (operands: Row, shape: readonly number[]): Value => {
  const numbers = operands.map(splatValue);
  const [first] = numbers;
  if (first === undefined) return operands[0]!;
  if (numbers.every((n) => Object.is(n, first))) return splat(first);
  const size = shape[0]!;
  return constant({
    data: Float32Array.from({ length: size * numbers.length }, (_, i) => numbers[Math.floor(i / size)]!),
    shape: [size * numbers.length, ...shape.slice(1).map(() => 1)],
  });
};

/** Does the operations on the tensors joined along their first axis; gives what stands for each result. */
const joined = (alike: Alike, results: ReadonlySet<Value>): Map<Value, Value> => {
  // Rows are told apart by their values' identity: a key is the first value and those beside it.
  const done: { readonly row: Row; readonly value: Value }[] = [];
  const find = (row: Row): Value | undefined => done.find((one) => one.row.every((v, i) => v === row[i]))?.value;
  for (const row of alike.leaves) done.push({ row, value: concat(row, 0) });
  for (const row of alike.rows) {
    const inputs = operandsOf(row).map((operands) =>
      isShared(operands) ? sharedNumber(operands, row[0]!.shape) : find(operands)!,
    );
    done.push({ row, value: new Value(row[0]!.op, inputs, row[0]!.attributes) });
  }
  const parts = new Map<Value, Value>();
  for (const row of seen(alike, results)) {
    const whole = find(row)!;
    for (const [i, v] of row.entries()) parts.set(v, part(whole, 0, i, row.length));
  }
  return parts;
};

/**
 * Horizontal fusion: an optimiser does the same dozen operations to every parameter, a batch norm the same three to each of its
 * statistics, and where a kernel's start takes longer than its work, their number is what a step costs. Results of one
 * shape that are made by equal operations are put end to end, worked on once and parted again. Equal shapes only: ONNX
 * Runtime joins and parts those by one kernel, and needs four copies from the host for others; no reshaping is needed.
 */
export const joinUpdates = (graph: Graph, joining: Joining): Graph => {
  const surroundings = surroundingsOf(topologicalOrder(graph.outputs));
  const results = new Set(graph.outputs);
  const saved = (roots: Row): number => savedBy(alikeAbove(roots, surroundings), results, joining);
  const groups: { roots: Row; saved: number }[] = [];
  for (const root of endsOf(graph, surroundings)) {
    let best: { group: (typeof groups)[number]; saved: number; gain: number } | undefined;
    for (const group of groups) {
      if (group.roots.length === joining.most) continue;
      const together = saved([...group.roots, root]);
      const gain = together - group.saved;
      if (gain > (best?.gain ?? 0)) best = { group, saved: together, gain };
    }
    if (best === undefined) groups.push({ roots: [root], saved: saved([root]) });
    else Object.assign(best.group, { roots: [...best.group.roots, root], saved: best.saved });
  }
  const instead = new Map<Value, Value>();
  for (const { roots, saved: bytes } of groups) {
    if (bytes <= 0) continue;
    for (const [v, now] of joined(alikeAbove(roots, surroundings), results)) instead.set(v, now);
  }
  if (instead.size === 0) return graph;
  const outputs = graph.outputs.map((v) => instead.get(v) ?? v);
  return checkGraph({ inputs: graph.inputs, outputs }, "joining updates");
};
