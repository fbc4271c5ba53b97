// A store in a folder that machines share, such as one of NFS.
import { link, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, DistilleryError, reasonOf } from "../../support/errors.ts";
import { exists, makeFolder, notAFolder, readRegularFile, writeFlushed } from "../../support/files.ts";
import { isTemporary, temporaryFor } from "../../support/temporary.ts";
import type { ArtefactStore } from "./store.ts";

/** Milliseconds after which a file that is being written is one that a killed process left. */
const old = 10 * 60_000;

const noLinks =
  "its file system has no hard links, by which of several writers one wins; choose a folder on another disk, or s3://BUCKET/PREFIX";

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space",
  EDQUOT: "the disk quota is used up; free some space",
  EACCES: "permission denied; let this user write there, or choose another folder",
  EROFS: "the file system is read-only; choose another folder",
  ENOTDIR: "a part of the path is a file, not a folder; choose another",
  ENOENT: "no folder can be made there; choose another",
  // Refusals of the system without a code.
  DISK: "no folder can be made there; choose another",
  EPERM: noLinks,
  ENOTSUP: noLinks,
  EOPNOTSUPP: noLinks,
  ENOSYS: noLinks,
};

/** The error for what cannot be read or written in a folder. */
const failureIn = (folder: string, cause: unknown): DistilleryError => {
  const deepest = cause instanceof DistilleryError && cause.cause !== undefined ? cause.cause : cause;
  return new DistilleryError("ARTEFACTS", `${folder}: ${reasons[codeOf(deepest)] ?? reasonOf(deepest)}`, { cause });
};

/** Removes what killed processes left beside a file that is being written; ages are by the disk's own clock. */
const sweep = async (temporary: string): Promise<void> => {
  const folder = dirname(temporary);
  const { mtimeMs: now } = await stat(temporary);
  for (const name of (await readdir(folder)).filter(isTemporary)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > old) await rm(join(folder, name), { force: true });
  }
};

/** Gives a finished file its name, unless that is taken. */
const nameAlso = async (temporary: string, path: string): Promise<boolean> => {
  try {
    await link(temporary, path);
    return true;
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
    // A client of NFS repeats a request whose answer was lost, and then finds its own link.
    return (await stat(temporary)).nlink > 1;
  }
};

/** A store in a folder, which is made where there is none. Files are written beside their place and are there at once. */
export const folderStore = async (folder: string): Promise<ArtefactStore> => {
  const wrong = (await exists(folder)) ? await notAFolder(folder) : undefined;
  if (wrong !== undefined) throw new DistilleryError("ARTEFACTS", `${folder} ${wrong}; choose a folder`);
  const pathOf = (name: string): string => join(folder, ...name.split("/"));

  /** Writes a file beside its place, to be moved there by `place`. */
  const write = async <T>(
    name: string,
    bytes: Uint8Array,
    place: (temporary: string, path: string) => Promise<T>,
  ): Promise<T> => {
    const path = pathOf(name);
    const temporary = temporaryFor(path);
    try {
      await makeFolder(dirname(path));
      await writeFlushed(temporary, bytes);
      await sweep(temporary);
      return await place(temporary, path);
    } catch (cause) {
      throw failureIn(folder, cause);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  };
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    try {
      return await readRegularFile(path);
    } catch (cause) {
      // NFS: another machine put a new file in its place.
      if (codeOf(cause) === "ESTALE") return read(path);
      if (codeOf(cause) === "ENOENT") return undefined;
      throw failureIn(folder, cause);
    }
  };

  return {
    address: folder,
    has: (name) => exists(pathOf(name)),
    get: (name) => read(pathOf(name)),
    putIfAbsent: async (name, bytes) => !(await exists(pathOf(name))) && (await write(name, bytes, nameAlso)),
    put: (name, bytes) => write(name, bytes, rename),
    remove: async (name) => {
      await rm(pathOf(name), { force: true }).catch((cause: unknown) => {
        throw failureIn(folder, cause);
      });
    },
  };
};
