// Tracing a function into a graph.
import { checkGraph, type Graph, valuesOf } from "./graph.ts";
import { input } from "./ops/leaves.ts";
import { mapTree, type WithLeaves } from "./tree.ts";
import type { TensorType } from "./types.ts";
import type { Value } from "./value.ts";

/** A tree of tensor types seen from inside a traced function. */
export type Values<S> = WithLeaves<S, Value>;

/** The types of a tree's leaves. */
export type Types<S> = WithLeaves<S, TensorType>;

/** A graph that remembers the trees its inputs and outputs were written as. */
export interface Traced<In, Out> {
  readonly graph: Graph;
  readonly inputs: In;
  readonly outputs: Out;
}

/** A traced function of a state and what is fed to it, to the next state and what is fetched. */
export type Step<State, Feeds, Fetches> = Traced<{ state: State; feeds: Feeds }, { state: State; fetches: Fetches }>;

/** The type of every leaf of a tree of values or tensors. */
export const typesOf = <S>(tree: S): Types<S> => mapTree(tree, ({ dtype, shape }): TensorType => ({ dtype, shape }));

/**
 * Runs `fn` once on symbolic inputs of the given types and returns the graph of what it computed. `specs` is a tree of
 * types, by convention an object with one field an argument.
 */
export const trace = <In, Out>(specs: In, fn: (inputs: Values<In>) => Out): Traced<In, Types<Out>> => {
  const inputs = mapTree(specs, (type, path) => input(path, type));
  const outputs = fn(inputs);
  const graph = { inputs: valuesOf(inputs), outputs: valuesOf(outputs) };
  return { graph: checkGraph(graph, "tracing"), inputs: specs, outputs: typesOf(outputs) };
};
