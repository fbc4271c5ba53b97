import { readFile, rm } from "node:fs/promises";
import { fillTree, leavesOf, sameShape, type Tensor, type TensorType, type Tree, tensor } from "../autodiff/index.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../formats/index.ts";
import type { Tensors } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { writeAtomic } from "../support/files.ts";

/** Tensors by path and a few words about them, in one safetensors file. */
export interface Stored {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The tensors of a tree, named by their paths. */
export const named = (tree: unknown): Record<string, Tensor> =>
  Object.fromEntries(leavesOf(tree as Tree<Tensor>).map(({ path, leaf }) => [path, leaf]));

/** The tree of the given types with its tensors taken by path. Throws CHECKPOINT, naming file and tensor, if they do not fit. */
export const rebuild = <S>(types: S, tensors: Readonly<Record<string, Tensor>>, file: string): Tensors<S> =>
  fillTree(
    types,
    leavesOf(types as Tree<TensorType>).map(({ path, leaf }) => {
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
  ) as unknown as Tensors<S>;

const pack = ({ data, shape }: Tensor): SafeTensor =>
  data instanceof Float32Array ? { dtype: "F32", shape, data } : { dtype: "I64", shape, data };

export const encodeStored = ({ tensors, metadata }: Stored): Uint8Array =>
  encodeSafetensors(Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, pack(t)])), metadata);

export const writeStored = (file: string, stored: Stored): Promise<void> => writeAtomic(file, encodeStored(stored));

/** Reads a file written by `writeStored`; undefined where there is none; throws CHECKPOINT if it is damaged. */
export const readStored = async (file: string): Promise<Stored | undefined> => {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new DistilleryError(
      "CHECKPOINT",
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const entries = Object.entries(tensors).map(([name, t]): [string, Tensor] => {
    if (t.dtype !== "F32" && t.dtype !== "I64") {
      throw new DistilleryError("CHECKPOINT", `${file}: tensor ${name} is ${t.dtype}, expected F32 or I64`);
    }
    return [name, tensor(t.data, t.shape)];
  });
  return { tensors: Object.fromEntries(entries), metadata };
};

export const removeStored = (file: string): Promise<void> => rm(file, { force: true });
