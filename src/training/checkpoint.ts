// Files of tensors, sealed by a hash.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { fillTree, leavesOf, sameShape, type Tensor, tensor, tensorsOf } from "../autodiff/index.ts";
import type { Tensors } from "../runtime/index.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { codeOf, readRegularFile, reasonOf, writeAtomic } from "../support/files.ts";
import { noteDamage } from "../support/json-files.ts";
import type { Progress } from "../support/progress.ts";

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

const pack = ({ data, shape }: Tensor): SafeTensor =>
  data instanceof Float32Array ? { dtype: "F32", shape, data } : { dtype: "I64", shape, data };

/** Name of the metadata that holds the hash of everything else. */
const seal = "sha256";

const byName = <T>(values: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

/** sha256 of metadata, names and shapes as JSON, and then of the tensors' bytes, all in the order of their names. */
const sealOf = ({ tensors, metadata }: Stored): string => {
  const sorted = byName(tensors);
  const hash = createHash("sha256");
  hash.update(JSON.stringify([byName(metadata), sorted.map(([name, { shape }]) => [name, shape])]));
  for (const [, { data }] of sorted) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex");
};

/** A file's bytes; its metadata holds the hash of its content, by which readStored sees what rotted. */
export const encodeStored = (stored: Stored): Uint8Array =>
  encodeSafetensors(Object.fromEntries(Object.entries(stored.tensors).map(([name, t]) => [name, pack(t)])), {
    ...stored.metadata,
    [seal]: sealOf(stored),
  });

export const writeStored = (file: string, stored: Stored): Promise<void> => writeAtomic(file, encodeStored(stored));

export interface Read extends Stored {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** True where it holds the hash of its content; files of other programs do not. */
  readonly sealed: boolean;
}

/**
 * Reads a file written by `writeStored`, or by another program; undefined where there is none.
 * @throws CHECKPOINT if it is damaged.
 */
export const readStored = async (file: string): Promise<Read | undefined> => {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(file);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw new DistilleryError("CHECKPOINT", `cannot read ${file}: ${reasonOf(cause)}`, { cause });
  }
  const {
    tensors,
    metadata: { [seal]: said, ...metadata },
  } = decodeSafetensors(bytes, file);
  const entries = Object.entries(tensors).map(([name, t]): [string, Tensor] => {
    if (t.dtype !== "F32" && t.dtype !== "I64") {
      throw new DistilleryError("CHECKPOINT", `${file}: tensor ${name} is ${t.dtype}, expected F32 or I64`);
    }
    return [name, tensor(t.data, t.shape)];
  });
  const stored = { tensors: Object.fromEntries(entries), metadata };
  if (said !== undefined && said !== sealOf(stored)) {
    throw new DistilleryError(
      "CHECKPOINT",
      `${file} is damaged: its content is not of the sha256 that it was written with; make or fetch the file again`,
    );
  }
  return { ...stored, bytes, sealed: said !== undefined };
};

/** Gives what `read` does, or, where it meets a damaged file that can be made again, undefined and a line that says so. */
export const unlessDamaged = async <T>(
  file: string,
  progress: Progress,
  read: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DistilleryError) || error.code !== "CHECKPOINT") throw error;
    noteDamage(progress)(file);
    return undefined;
  }
};

export const removeStored = (file: string): Promise<void> => rm(file, { force: true });
