// Writing a set, whole or not at all.

import { rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { diskError, makeFolder, sha256, writeAtomic } from "../support/files.ts";
import { cardName, cardOf } from "./card.ts";
import { encodeParts } from "./encode-parts.ts";
import { manifestName, parseManifest } from "./manifest/manifest.ts";
import { sealManifest } from "./manifest/seal.ts";
import { misfit } from "./parts.ts";
import { checkSetPlace } from "./place.ts";
import type { DistilledSet, Manifest, Part, Unlisted } from "./set.ts";
import { stagingFor, sweepOwn } from "./staging.ts";

/** A set to be written, whose parts are not known yet. */
export type UnwrittenSet = Omit<DistilledSet, "manifest"> & { readonly manifest: Unlisted };

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
  const readme = cardOf(manifest);
  await writeAtomic(join(staging, cardName), readme);
  const card = { bytes: Buffer.byteLength(readme), sha256: sha256(readme) };
  // A manifest that was read has a card, a list and a hash already, those of its own files.
  const { sha256: _, ...fields } = { ...manifest, card, parts } as Manifest;
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
  const replaces = await checkSetPlace(target);
  const staging = stagingFor(target, "writing");
  const aside = stagingFor(target, "old");
  await sweepOwn(target, "writing");
  try {
    await makeFolder(staging);
    const manifest = await writeInto(staging, set);
    if (replaces) await rename(target, aside);
    try {
      await rename(staging, target);
    } catch (cause) {
      if (replaces) await rename(aside, target);
      throw cause;
    }
    // Only now: until the new set stands, an old one moved aside by a killed process is the only one.
    await sweepOwn(target, "old");
    return manifest;
  } catch (cause) {
    await rm(staging, { recursive: true, force: true });
    throw cause instanceof DistilleryError ? cause : diskError(folder, cause);
  }
};
