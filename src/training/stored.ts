// Trees of tensors by the names of their leaves, as they are stored.
import { fillTree, leavesOf, sameShape, type Tensor, tensorsOf } from "../autodiff/index.ts";
import type { Tensors } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";

/** Tensors by path and a few words about them, in one safetensors file. */
export interface Stored {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The tensors of a tree, named by their paths. */
export const named = (tree: unknown): Record<string, Tensor> =>
  Object.fromEntries(tensorsOf(tree).map(({ path, leaf }) => [path, leaf]));

/** Builds the tree of the given types from tensors by path. @throws CHECKPOINT, naming file and tensor, if they do not fit. */
export const rebuild = <S>(types: S, tensors: Readonly<Record<string, Tensor>>, file: string): Tensors<S> =>
  fillTree(
    types,
    leavesOf(types).map(({ path, leaf }) => {
      const found = tensors[path];
      if (found === undefined || !sameShape(found.shape, leaf.shape)) {
        const got = found === undefined ? "it is missing" : `it is [${found.shape}]`;
        throw new DistilleryError(
          "CHECKPOINT",
          `${file}: expected tensor ${path} of shape [${leaf.shape}], but ${got}`,
        );
      }
      return found;
    }),
  );
