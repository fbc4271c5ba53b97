// Copies of tensors for a run, which takes over what it is given.
import { fillTree, type Tensor, tensor, tensorsOf, type WithLeaves } from "../autodiff/index.ts";

/** The same tree of tensors in buffers of its own. */
export const lent = <T>(tree: T): WithLeaves<T, Tensor> =>
  fillTree(
    tree,
    tensorsOf(tree).map(({ leaf: { data, shape } }) => tensor(data.slice(), shape)),
  );
