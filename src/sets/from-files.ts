// A set from its files in memory, checked as on the disk.
import { exceedsArrayLimit } from "../support/array-limit.ts";
import { DistilleryError, reasonOf } from "../support/errors.ts";
import { sha256 } from "../support/key.ts";
import { layoutOf } from "./layout.ts";
import { manifestName, parseManifest } from "./manifest/manifest.ts";
import { decodePart, emptyDraft, type SetDraft } from "./parts.ts";
import type { DistilledSet, Manifest, Part } from "./set.ts";

/** Says that base images of these sizes cannot be held in memory, whatever the files are. */
export const tooLarge = (manifest: Manifest): string | undefined => {
  const { bases, classes, stored } = layoutOf(manifest);
  const { height, width } = stored;
  const tooMuch = exceedsArrayLimit(bases * classes * 3 * height * width);
  return tooMuch === undefined ? undefined : `its base images ${tooMuch}`;
};

/** Checks the bytes of one part against the manifest and decodes them; returns what is wrong with them, or undefined. */
export const examineBytes = async (
  manifest: Manifest,
  path: string,
  part: Part,
  bytes: Uint8Array,
  draft?: SetDraft,
): Promise<string | undefined> => {
  const hash = sha256(bytes);
  if (hash !== part.sha256) {
    return `part ${path} is damaged: its sha256 is ${hash}, the manifest says ${part.sha256}`;
  }
  try {
    await decodePart(manifest, path, bytes, draft);
  } catch (cause) {
    return `part ${path} does not fit the manifest: ${reasonOf(cause)}`;
  }
  return undefined;
};

/** A set's files by their paths, `manifest.json`, `bases/00.png` and so on, as a download or an archive gives them. */
export type SetFiles = Readonly<Record<string, Uint8Array>>;

/**
 * A distilled set from its files, after the checks of `readSet`; files that do not belong to it are not looked at.
 * @throws DistilleryError SET with the first problem.
 */
export const setFromFiles = async (files: SetFiles): Promise<DistilledSet> => {
  const bytes = files[manifestName];
  if (bytes === undefined) {
    throw new DistilleryError(
      "SET",
      `the files of the set lack ${manifestName}; give each by its path in the set's folder`,
    );
  }
  const manifest = parseManifest(bytes, manifestName);
  const parts = Object.entries(manifest.parts);
  const sizes = parts.map(([path, part]) => {
    const found = files[path]?.length;
    if (found === part.bytes) return undefined;
    return `part ${path} ${found === undefined ? "is missing" : `has ${found} bytes, the manifest says ${part.bytes}`}`;
  });
  const wrong = sizes.find((problem) => problem !== undefined) ?? tooLarge(manifest);
  if (wrong !== undefined) throw new DistilleryError("SET", wrong);
  const draft = emptyDraft(manifest);
  for (const [path, part] of parts) {
    const problem = await examineBytes(manifest, path, part, files[path]!, draft);
    if (problem !== undefined) throw new DistilleryError("SET", problem);
  }
  return { manifest, ...draft };
};
