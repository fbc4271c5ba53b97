// Trees of types, tensors or values, and walks over their leaves.
import { isTensor, type Tensor, type TensorType } from "./types.ts";

/**
 * A tree is nested objects and arrays whose leaves are types, tensors or values: how parameters, states and feeds are
 * written down. This is the same tree with other leaves.
 */
export type WithLeaves<S, To> = S extends TensorType ? To : { readonly [K in keyof S]: WithLeaves<S[K], To> };

/** The type of a tree's leaves; TensorType for a tree of which nothing is known. */
export type LeafOf<S> = unknown extends S
  ? TensorType
  : S extends TensorType
    ? S
    : S extends readonly (infer Child)[]
      ? LeafOf<Child>
      : LeafOf<S[keyof S]>;

/** Tells a leaf from an inner node. */
const isLeaf = (node: unknown): node is TensorType =>
  typeof node === "object" && node !== null && "shape" in node && "dtype" in node;

const walk = (node: unknown, path: string, visit: (leaf: TensorType, path: string) => unknown): unknown => {
  if (isLeaf(node)) return visit(node, path);
  const at = (key: string | number): string => (path === "" ? `${key}` : `${path}.${key}`);
  if (Array.isArray(node)) return node.map((child, i) => walk(child, at(i), visit));
  if (node === null || node === undefined) throw new TypeError(`expected a tree of tensors, got ${node} at "${path}"`);
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, at(key), visit)]));
};

/** Applies `visit` to every leaf; `path` is the keys joined by dots. Order: insertion order of keys, depth first. */
export const mapTree = <S, To>(
  tree: S,
  visit: (leaf: NoInfer<TensorType & LeafOf<S>>, path: string) => To,
): WithLeaves<S, To> =>
  // Asserted here and nowhere else: the two types say of any tree what `walk` does to it.
  walk(tree, "", (leaf, path) => visit(leaf as TensorType & LeafOf<S>, path)) as WithLeaves<S, To>;

/** The leaves in walking order, each with its dotted path. */
export const leavesOf = <S>(tree: S): { readonly path: string; readonly leaf: TensorType & LeafOf<S> }[] => {
  const leaves: { path: string; leaf: TensorType & LeafOf<S> }[] = [];
  mapTree(tree, (leaf, path) => leaves.push({ path, leaf }));
  return leaves;
};

/** The leaves of a tree that holds tensors only. */
export const tensorsOf = (tree: unknown): { readonly path: string; readonly leaf: Tensor }[] =>
  leavesOf(tree).map(({ path, leaf }) => {
    if (!isTensor(leaf)) throw new TypeError(`expected a tensor at "${path}"`);
    return { path, leaf };
  });

/** The tree of the same form as `like` with its leaves replaced, in walking order. */
export const fillTree = <S, To>(like: S, leaves: readonly To[]): WithLeaves<S, To> => {
  let next = 0;
  return mapTree(like, () => leaves[next++]!);
};
