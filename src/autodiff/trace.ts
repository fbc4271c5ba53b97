import { checkGraph, type Graph } from "./graph.ts";
import { input } from "./ops/leaves.ts";
import { leavesOf, mapTree, type Tree, type WithLeaves } from "./tree.ts";
import type { TensorType } from "./types.ts";
import type { Value } from "./value.ts";

/** A tree of tensor types seen from inside a traced function. */
export type Values<S> = WithLeaves<S, TensorType, Value>;

/** A graph that remembers the trees its inputs and outputs were written as. */
export interface Traced<In, Out> {
  readonly graph: Graph;
  readonly inputs: In;
  readonly outputs: Out;
}

/** The type of every leaf of a tree of values or tensors. */
export const typesOf = <S>(tree: S): WithLeaves<S, Value, TensorType> =>
  mapTree<S, TensorType, TensorType>(tree, ({ dtype, shape }) => ({ dtype, shape })) as unknown as WithLeaves<
    S,
    Value,
    TensorType
  >;

/**
 * Runs `fn` once on symbolic inputs of the given types and returns the graph of what it computed. `specs` is a tree of
 * types, by convention an object with one field an argument.
 */
export const trace = <In, Out>(
  specs: In,
  fn: (inputs: Values<In>) => Out,
): Traced<In, WithLeaves<Out, Value, TensorType>> => {
  const inputs = mapTree<In, TensorType, Value>(specs, (type, path) => input(path, type)) as unknown as Values<In>;
  const outputs = fn(inputs);
  const graph = {
    inputs: leavesOf(inputs as Tree<Value>).map(({ leaf }) => leaf),
    outputs: leavesOf(outputs as Tree<Value>).map(({ leaf }) => leaf),
  };
  return { graph: checkGraph(graph, "tracing"), inputs: specs, outputs: typesOf(outputs) };
};
