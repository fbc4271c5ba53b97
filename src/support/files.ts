import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DistilleryError } from "./errors.ts";

const reasons: Record<string, string> = {
  ENOSPC: "the disk is full; free some space and run the same command again, finished work is kept",
  EDQUOT: "the disk quota is used up; free some space and run the same command again, finished work is kept",
  EFBIG: "the file would be larger than this process or file system allows; choose another --out or lift the limit",
  EACCES: "permission denied; choose another --out or change its permissions",
  EROFS: "the file system is read-only; choose another --out",
};

/** The error for a failed write: says which file, why, and what to do. */
export const diskError = (path: string, cause: unknown): DistilleryError => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new DistilleryError("DISK", `cannot write ${path}: ${why}`, { cause });
};

let writes = 0;

/** Writes a whole file or nothing: to a temporary name, flushed, then renamed. Makes the folder. */
export const writeAtomic = async (path: string, content: string | Uint8Array): Promise<void> => {
  const temporary = `${path}.${process.pid}${String(writes++).padStart(6, "0")}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      // Goes on after a short write, as a nearly full disk makes them, until all is there or an error says why not.
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw diskError(path, cause);
  }
};

/** JSON with two-space indentation and a final newline, written atomically. */
export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

/** What `writeJson` wrote; undefined where there is none or it is damaged. Only for what can be made again. */
export const readJson = async <T>(path: string): Promise<T | undefined> => {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return undefined;
  }
};

export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** sha256 of a file of any size, in hex. */
export const sha256File = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
};
