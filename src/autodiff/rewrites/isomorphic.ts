// Elementwise operations that are done alike to several tensors of one shape.
import type { Graph } from "../graph.ts";
import { splatValue } from "../ops/leaves.ts";
import { sameShape, sizeOf } from "../types.ts";
import type { Value } from "../value.ts";

/** Values that play the same part, one for each tensor. */
export type Row = readonly Value[];

/** Helps to find operations that are alike: every value's place in the order of the graph, and what uses it. */
export interface Surroundings {
  readonly places: ReadonlyMap<Value, number>;
  readonly usersOf: (v: Value) => readonly Value[];
}

export const surroundingsOf = (order: readonly Value[]): Surroundings => {
  const users = new Map<Value, Value[]>(order.map((v) => [v, []]));
  for (const v of order) for (const i of v.inputs) users.get(i)!.push(v);
  return { places: new Map(order.map((v, i) => [v, i])), usersOf: (v) => users.get(v)! };
};

/** Operations that are alike: rows in an order in which they can be computed, and the tensors that they start from. */
export interface Alike {
  readonly rows: readonly Row[];
  readonly leaves: readonly Row[];
}

/** The operands at each position of a row's operations. */
export const operandsOf = (row: Row): Row[] => row[0]!.inputs.map((_, at) => row.map((v) => v.inputs[at]!));

/** One number for all: the same value of one element, or uniform constants, which may differ from tensor to tensor. */
export const isShared = (row: Row): boolean =>
  row.every((v) => splatValue(v) !== undefined) || row.every((v) => v === row[0] && sizeOf(v.shape) === 1);

/** True for one operator on tensors of one shape and on numbers that all share. */
const isAlike = (row: Row): boolean => {
  const [{ op, shape }] = row as [Value, ...Value[]];
  const fits = (operands: Row): boolean => isShared(operands) || operands.every((v) => sameShape(v.shape, shape));
  return (
    op.scalar !== undefined && row.every((v) => v.op === op && sameShape(v.shape, shape)) && operandsOf(row).every(fits)
  );
};

/**
 * The operations that make the roots, as far up as they are alike and serve nothing else: only one another, and the graph's
 * results. What is used besides is made anyway, and so a leaf.
 */
export const alikeAbove = (roots: Row, { places, usersOf }: Surroundings): Alike => {
  const inside = roots.map(() => new Set<Value>());
  const serves = (v: Value, i: number): boolean => usersOf(v).every((user) => inside[i]!.has(user));
  const rows: Row[] = [];
  const leaves: Row[] = [];
  const keyOf = (row: Row): string => `${row.map((v) => places.get(v))}`;
  const waiting = new Map<string, Row>([[keyOf(roots), roots]]);
  while (waiting.size > 0) {
    // Users come before what they use.
    const [key, row] = [...waiting].reduce((a, b) => (places.get(a[1][0]!)! > places.get(b[1][0]!)! ? a : b));
    waiting.delete(key);
    if (!isAlike(row) || !row.every(serves)) {
      leaves.push(row);
      continue;
    }
    rows.push(row);
    for (const [i, v] of row.entries()) inside[i]!.add(v);
    for (const operands of operandsOf(row)) if (!isShared(operands)) waiting.set(keyOf(operands), operands);
  }
  return { rows: rows.reverse(), leaves };
};

/** Results that nothing in the graph uses: where the updates of a state end. */
export const endsOf = ({ outputs }: Graph, { usersOf }: Surroundings): Value[] => [
  ...new Set(outputs.filter((v) => v.op.scalar !== undefined && v.shape.length > 0 && usersOf(v).length === 0)),
];
