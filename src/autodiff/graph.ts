// Graphs of values: order, depth, uses, checks and a printed form.
import { DistilleryError } from "../support/errors.ts";
import { inputOp } from "./ops/leaves.ts";
import { leavesOf } from "./tree.ts";
import { formatType, sameType } from "./types.ts";
import { type AttributeValue, Value } from "./value.ts";

/** A traced function: its inputs in order (used or not) and its results. Everything between hangs on the results. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** The leaves of a tree that holds values only. */
export const valuesOf = (tree: unknown): Value[] =>
  leavesOf(tree).map(({ path, leaf }) => {
    if (!(leaf instanceof Value)) throw new TypeError(`expected a traced value at "${path}"`);
    return leaf;
  });

/** Every value on which the outputs depend, each after its inputs; of a value's inputs those of lower rank come first. */
export const topologicalOrder = (outputs: readonly Value[], rank?: ReadonlyMap<Value, number>): Value[] => {
  const order: Value[] = [];
  const inputsOf = ({ inputs }: Value): readonly Value[] =>
    rank === undefined ? inputs : inputs.toSorted((a, b) => rank.get(a)! - rank.get(b)!);
  const entered = new Set<Value>();
  // An explicit stack: networks are deeper than the call stack likes.
  const stack: { value: Value; inputs: readonly Value[]; next: number }[] = [];
  const enter = (value: Value): void => {
    if (entered.has(value)) return;
    entered.add(value);
    stack.push({ value, inputs: inputsOf(value), next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const child = top.inputs[top.next++];
      if (child !== undefined) enter(child);
      else {
        order.push(top.value);
        stack.pop();
      }
    }
  }
  return order;
};

/** Counts the operators on the longest way from the leaves to each value. */
export const depths = (outputs: readonly Value[]): Map<Value, number> => {
  const known = new Map<Value, number>();
  for (const v of topologicalOrder(outputs)) known.set(v, 1 + Math.max(-1, ...v.inputs.map((i) => known.get(i)!)));
  return known;
};

/** Counts the values of the graph (and outputs) that use each value. */
export const useCounts = (graph: Graph): Map<Value, number> => {
  const uses = new Map<Value, number>();
  const count = (v: Value): void => void uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const v of topologicalOrder(graph.outputs)) for (const i of v.inputs) count(i);
  for (const v of graph.outputs) count(v);
  return uses;
};

/** Checks a graph after a pass: every type follows from its inputs, and every free input is declared. */
export const checkGraph = (graph: Graph, after: string): Graph => {
  const declared = new Set(graph.inputs);
  const wrong = (message: string): DistilleryError => new DistilleryError("SHAPE", `graph after ${after}: ${message}`);
  for (const v of topologicalOrder(graph.outputs)) {
    if (v.op === inputOp && !declared.has(v))
      throw wrong(`input ${String(v.attributes.name)} is used but not declared`);
    const inferred = v.op.infer(v.inputs, v.attributes);
    if (!sameType(inferred, v))
      throw wrong(`${v.op.name} is ${formatType(v)} but its inputs make ${formatType(inferred)}`);
  }
  return graph;
};

const formatAttribute = (value: AttributeValue): string => {
  if (value instanceof Float32Array || value instanceof BigInt64Array) return `<${value.length} values>`;
  return Array.isArray(value) ? `[${value.join(",")}]` : String(value);
};

/** The graph as text, one line a value: `%3 = conv2d(x, %1) stride=[1,1] : f32[2,4,6,5]`. */
export const printGraph = (graph: Graph): string => {
  const names = new Map<Value, string>(graph.inputs.map((v) => [v, String(v.attributes.name)]));
  const lines: string[] = [];
  for (const v of topologicalOrder(graph.outputs)) {
    if (names.has(v)) continue;
    names.set(v, `%${lines.length}`);
    const attributes = Object.entries(v.attributes).map(([key, value]) => ` ${key}=${formatAttribute(value)}`);
    lines.push(
      `  ${names.get(v)} = ${v.op.name}(${v.inputs.map((i) => names.get(i)).join(", ")})${attributes.join("")} : ${formatType(v)}`,
    );
  }
  const head = graph.inputs.map((v) => `${names.get(v)}: ${formatType(v)}`).join(", ");
  return [`graph(${head}) {`, ...lines, `  return ${graph.outputs.map((v) => names.get(v)).join(", ")}`, "}"].join(
    "\n",
  );
};
