// Reading and writing files, whole or not at all.
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, mkdtemp, open, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { codeOf, DistilleryError, reasonOf } from "./errors.ts";
import { temporaryFor } from "./temporary.ts";

export { codeOf, reasonOf } from "./errors.ts";
export { sha256 } from "./key.ts";

/** True where something lies at the path; links are followed. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * Opens a regular file for reading. A pipe is not waited for, and a device is not read without end.
 * @throws Error saying so where the path is a folder, a pipe, a socket or a device, where the file holds more than `most`
 * bytes, and the system's own errors (`code` ENOENT, EACCES, ...). Callers add the path and what to do.
 */
export const openRegularFile = async (path: string, most: number): Promise<FileHandle> => {
  // Opening a pipe without O_NONBLOCK waits for its writer. Windows has no such flag and no such pipes.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await file.stat();
    if (found.isDirectory()) throw new Error("is a folder, not a file");
    if (!found.isFile()) throw new Error("is a pipe, a socket or a device, not a regular file");
    if (found.size > most) throw new Error(`has ${found.size} bytes, more than the ${most} that it may have`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
};

/** The bytes of a regular file, at most `most`. @throws Error as `openRegularFile`. */
export const readRegularFile = async (path: string, most: number = 2 ** 31 - 1): Promise<Buffer> => {
  const file = await openRegularFile(path, most);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
};

/** Says why a file could not be read: "no such file", "cannot be read (it is a folder, not a file)". */
export const whyUnread = (cause: unknown): string =>
  codeOf(cause) === "ENOENT" ? "no such file" : `cannot be read (it ${reasonOf(cause)})`;

/** Reasons by the system's code; `place` is the option or variable by which another folder is chosen. */
const reasonsAt = (place: string): Readonly<Record<string, string>> => ({
  ENOSPC: "the disk is full; free some space and run the same command again, finished work is kept",
  EDQUOT: "the disk quota is used up; free some space and run the same command again, finished work is kept",
  EFBIG: `the file would be larger than this process or file system allows; choose another ${place} or lift the limit`,
  EACCES: `permission denied; choose another ${place} or change its permissions`,
  EPERM: `permission denied; choose another ${place} or change its permissions`,
  EROFS: `the file system is read-only; choose another ${place}`,
  ENOTDIR: `a part of the path is a file, not a folder; choose another ${place}`,
  EISDIR: `a folder of that name is there; move it elsewhere or choose another ${place}`,
  ENOENT: `its folder cannot be made there, or was deleted meanwhile; choose another ${place}`,
  ENAMETOOLONG: `the name is too long for the file system; choose a shorter ${place}`,
  ELOOP: `its links lead round in a circle; choose another ${place}`,
});

/** The error for a failed write: says which file, why, and what to do. */
export const diskError = (path: string, cause: unknown, place = "--out"): DistilleryError => {
  const why = reasonsAt(place)[codeOf(cause)] ?? reasonOf(cause);
  return new DistilleryError("DISK", `cannot write ${path}: ${why}`, { cause });
};

/** Says what lies where a folder should be; undefined for a folder or a link to one. */
export const notAFolder = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return undefined;
  if (found !== undefined) return found.isFile() ? "is a file, not a folder" : "is a pipe, a socket or a device";
  const link = await lstat(path).catch(() => undefined);
  return link?.isSymbolicLink() ? "is a link that leads nowhere" : "cannot be looked at";
};

/**
 * Makes a folder and those above it, level by level: Node's recursive mkdir hides why it fails and, where a file system
 * answers ENOENT whatever is asked (/proc, drives that are gone), never returns (nodejs/node#47098).
 * @throws DISK naming the folder.
 */
export const makeFolder = async (path: string): Promise<void> => {
  const make = (): Promise<string> =>
    mkdir(path).then(
      () => "",
      (cause: unknown) => {
        const code = codeOf(cause);
        if (code === "EEXIST" || code === "ENOENT") return code;
        throw diskError(path, cause);
      },
    );
  let outcome = await make();
  if (outcome === "ENOENT" && dirname(path) !== path) {
    await makeFolder(dirname(path));
    outcome = await make();
  }
  if (outcome === "") return;
  const wrong = await notAFolder(path);
  if (wrong !== undefined) {
    const why = outcome === "EEXIST" ? `it ${wrong}` : "the file system allows none there";
    throw new DistilleryError("DISK", `cannot make the folder ${path}: ${why}; choose another --out`);
  }
};

/**
 * A new folder for what goes away again, whose name begins with a prefix. `place` is what chose the folder that it lies in.
 * @throws DISK naming that folder.
 */
export const temporaryFolder = async (prefix: string, below = tmpdir(), place = "TMPDIR"): Promise<string> => {
  try {
    return await mkdtemp(join(below, prefix));
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw diskError(below, cause, place);
    const why = `there is no such folder; make it, or choose another ${place}`;
    throw new DistilleryError("DISK", `cannot write ${below}: ${why}`, { cause });
  }
};

/** Writes a new file and flushes it to the disk. @throws the system's own errors, EEXIST where there is one. */
export const writeFlushed = async (path: string, content: string | Uint8Array): Promise<void> => {
  const file = await open(path, "wx");
  try {
    // Goes on after a short write, as a nearly full disk makes them, until all is there or an error says why not.
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Writes a whole file or nothing: to a temporary name beside it, flushed, then renamed. Makes the folder. */
export const writeAtomic = async (path: string, content: string | Uint8Array): Promise<void> => {
  await makeFolder(dirname(path));
  const temporary = temporaryFor(path);
  try {
    await writeFlushed(temporary, content);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw diskError(path, cause);
  }
};

/** JSON with two-space indentation and a final newline. */
export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** JSON as of `toJson`, written atomically. */
export const writeJson = (path: string, value: unknown): Promise<void> => writeAtomic(path, toJson(value));
