/** Nested objects and arrays with leaves of one type: how parameters, states and feeds are written down. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** The same tree with its leaves of type From replaced by To. */
export type WithLeaves<S, From, To> = S extends From ? To : { readonly [K in keyof S]: WithLeaves<S[K], From, To> };

/** Tells a leaf from an inner node: leaves carry `shape`. */
const isLeaf = (node: unknown): boolean => typeof node === "object" && node !== null && "shape" in node;

type Branch = { readonly [key: string]: unknown };

const walk = (node: unknown, path: string, visit: (leaf: unknown, path: string) => unknown): unknown => {
  if (isLeaf(node)) return visit(node, path);
  if (Array.isArray(node)) return node.map((child, i) => walk(child, path === "" ? `${i}` : `${path}.${i}`, visit));
  return Object.fromEntries(
    Object.entries(node as Branch).map(([key, child]) => [
      key,
      walk(child, path === "" ? key : `${path}.${key}`, visit),
    ]),
  );
};

/** Applies `visit` to every leaf; `path` is the keys joined by dots. Order: insertion order of keys, depth first. */
export const mapTree = <S, From, To>(tree: S, visit: (leaf: From, path: string) => To): WithLeaves<S, From, To> =>
  walk(tree, "", (leaf, path) => visit(leaf as From, path)) as WithLeaves<S, From, To>;

/** The leaves in walking order, each with its dotted path. */
export const leavesOf = <T>(tree: Tree<T>): { readonly path: string; readonly leaf: T }[] => {
  const leaves: { path: string; leaf: T }[] = [];
  walk(tree, "", (leaf, path) => leaves.push({ path, leaf: leaf as T }));
  return leaves;
};

/** The tree of the same form as `like` with its leaves replaced, in walking order. */
export const fillTree = <S, From, To>(like: S, leaves: readonly To[]): WithLeaves<S, From, To> => {
  let next = 0;
  return mapTree<S, From, To>(like, () => leaves[next++] as To);
};
