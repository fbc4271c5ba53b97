// Files of tensors, sealed by a hash.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { type Tensor, tensor } from "../autodiff/index.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../codecs/safetensors.ts";
import { DistilleryError } from "../support/errors.ts";
import { codeOf, readRegularFile, reasonOf, writeAtomic } from "../support/files.ts";
import { noteDamage } from "../support/json-files.ts";
import type { Progress } from "../support/work/progress.ts";
import type { Checkpoint } from "./loop.ts";
import type { Stored } from "./stored.ts";

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

/** A file as the checkpoint of a loop; `key` identifies the work. */
export const checkpointFile = (file: string, key: string): Checkpoint => ({
  key,
  name: file,
  read: (progress) => unlessDamaged(file, progress, () => readStored(file)),
  write: (stored) => writeStored(file, stored),
});
