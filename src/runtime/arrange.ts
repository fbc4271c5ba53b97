// Matching trees of tensors to the inputs and outputs of a graph.
import type { Graph } from "../autodiff/graph.ts";
import type { Traced } from "../autodiff/trace.ts";
import { leavesOf, tensorsOf } from "../autodiff/tree.ts";
import { formatType, sameType, type Tensor, type TensorType } from "../autodiff/types.ts";
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/suggest.ts";

/** Trees of tensors in the order in which a graph takes and gives them. */

export type Leaves = readonly { readonly path: string; readonly leaf: TensorType }[];

export const leavesIn = (types: unknown): Leaves => leavesOf(types);

/**
 * The tensors of a tree in the order of the declared types, found by path.
 * @throws SHAPE where one is missing or differs.
 */
export const inOrder = (types: Leaves, given: unknown): Tensor[] => {
  const byPath = new Map(tensorsOf(given).map(({ path, leaf }) => [path, leaf]));
  const known = new Set(types.map(({ path }) => path));
  for (const path of byPath.keys()) {
    if (!known.has(path))
      throw new DistilleryError(
        "SHAPE",
        `input ${path}: given, but the function has no such input${didYouMean(path, [...known])}`,
      );
  }
  return types.map(({ path, leaf }) => {
    const tensor = byPath.get(path);
    if (tensor === undefined || !sameType(tensor, leaf)) {
      throw new DistilleryError(
        "SHAPE",
        `input ${path}: expected ${formatType(leaf)}, got ${tensor ? formatType(tensor) : "nothing"}`,
      );
    }
    return tensor;
  });
};

/** A step's graph with the state first on both sides, in the order of the input state. */
export const stateFirst = <State, Feeds, Fetches>({
  graph,
  inputs,
  outputs,
}: Traced<{ state: State; feeds: Feeds }, { state: State; fetches: Fetches }>): {
  graph: Graph;
  state: Leaves;
  feeds: Leaves;
} => {
  const [state, feeds, fetches] = [leavesIn(inputs.state), leavesIn(inputs.feeds), leavesIn(outputs.fetches)];
  const place = (tree: unknown): Map<string, number> => new Map(leavesIn(tree).map(({ path }, i) => [path, i]));
  const [inputAt, outputAt] = [place(inputs), place(outputs)];
  for (const { path, leaf } of state) {
    const next = leavesIn(outputs.state).find((l) => l.path === path)?.leaf;
    if (next === undefined || !sameType(next, leaf)) {
      throw new DistilleryError(
        "SHAPE",
        `state ${path}: enters a step as ${formatType(leaf)} and leaves it as ${next ? formatType(next) : "nothing"}`,
      );
    }
  }
  const input = (path: string) => graph.inputs[inputAt.get(path)!]!;
  const output = (path: string) => graph.outputs[outputAt.get(path)!]!;
  return {
    graph: {
      inputs: [...state.map(({ path }) => input(`state.${path}`)), ...feeds.map(({ path }) => input(`feeds.${path}`))],
      outputs: [
        ...state.map(({ path }) => output(`state.${path}`)),
        ...fetches.map(({ path }) => output(`fetches.${path}`)),
      ],
    },
    state,
    feeds,
  };
};
