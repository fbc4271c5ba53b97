import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { diskError, sha256, writeAtomic } from "../support/files.ts";
import type { DistilledSet, Manifest, Part, Unlisted } from "./distilled-set.ts";
import { manifestName, parseManifest } from "./manifest.ts";
import { sealManifest } from "./manifest-seal.ts";
import { readManifest } from "./read-set.ts";
import { unlistedFiles } from "./set-files.ts";
import { encodeParts, misfit } from "./set-parts.ts";

/** What writeSet needs: a set whose parts are not known yet. */
export type UnwrittenSet = Omit<DistilledSet, "manifest"> & { readonly manifest: Unlisted };

/**
 * Whether there is a set to be replaced.
 * @throws DistilleryError SET when something else is there, or a set into which somebody put files of their own.
 */
const findsSet = async (folder: string): Promise<boolean> => {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return false;
  const refuse = (why: string): DistilleryError =>
    new DistilleryError("SET", `${folder} exists and ${why}; choose another folder for the set`);
  if (!found.isDirectory()) throw refuse("is a file");
  if ((await readdir(folder)).length === 0) return false;
  const old = await readManifest(folder).catch(() => undefined);
  if (old === undefined) throw refuse("is not a distilled set of this version");
  const foreign = (await unlistedFiles(folder, old.manifest))[0];
  if (foreign !== undefined) throw refuse(`holds ${foreign}, which would be lost`);
  return true;
};

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** Removes hidden siblings that killed processes of this machine left behind. */
const sweep = async (folder: string, kind: "writing" | "old"): Promise<void> => {
  const prefix = `.${basename(folder)}.${kind}-${hostname()}-`;
  for (const name of await readdir(dirname(folder)).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length));
    if (pid === process.pid || !alive(pid)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
};

const writeInto = async (staging: string, { manifest, ...arrays }: UnwrittenSet): Promise<Manifest> => {
  const parts: Record<string, Part> = {};
  for await (const { path, holds, bytes } of encodeParts(manifest, arrays)) {
    if (bytes === undefined) {
      throw new DistilleryError(
        "NOT_FINITE",
        `the set's ${holds} hold a value that is NaN, infinite or too large for the type it is stored as (half floats reach 65504); no set was written`,
      );
    }
    await writeAtomic(join(staging, path), bytes);
    parts[path] = { holds, bytes: bytes.length, sha256: sha256(bytes) };
  }
  // A manifest that was read has a list and a hash already, those of its own files.
  const { sha256: _, ...fields } = { ...manifest, parts } as Manifest;
  const text = sealManifest(fields);
  const file = join(staging, manifestName);
  // What could not be read back must not be written.
  const complete = parseManifest(Buffer.from(text), file);
  await writeAtomic(file, text);
  return complete;
};

/**
 * Writes a set into `folder`, whole or not at all: everything goes into a hidden sibling folder, the manifest last, and
 * is renamed into place. A set that is there already is replaced; any other folder with content is refused. Compensators
 * are rounded to the type that the manifest says: read the set back (readSet) before using it, or round them before
 * (roundCompensators).
 * @throws DistilleryError SET (arrays do not fit the manifest, folder refused), NOT_FINITE, DISK.
 */
export const writeSet = async (folder: string, set: UnwrittenSet): Promise<Manifest> => {
  const target = resolve(folder);
  const problem = misfit(set.manifest, set);
  if (problem !== undefined) throw new DistilleryError("SET", `cannot write the set ${folder}: ${problem}`);
  const replaces = await findsSet(target);
  const sibling = (kind: string): string =>
    join(dirname(target), `.${basename(target)}.${kind}-${hostname()}-${process.pid}`);
  const staging = sibling("writing");
  await sweep(target, "writing");
  try {
    await mkdir(staging, { recursive: true });
    const manifest = await writeInto(staging, set);
    if (replaces) await rename(target, sibling("old"));
    try {
      await rename(staging, target);
    } catch (cause) {
      if (replaces) await rename(sibling("old"), target);
      throw cause;
    }
    // Only now: until the new set stands, an old one moved aside by a killed process is the only one.
    await sweep(target, "old");
    return manifest;
  } catch (cause) {
    await rm(staging, { recursive: true, force: true });
    throw cause instanceof DistilleryError ? cause : diskError(folder, cause);
  }
};
