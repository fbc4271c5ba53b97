import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { sha256 } from "../support/files.ts";
import { isLitter } from "../support/litter.ts";
import { tooMuchForOnePiece } from "../support/one-piece.ts";
import type { DistilledSet, Manifest, Part } from "./distilled-set.ts";
import { counts, manifestName, parseManifest } from "./manifest.ts";
import { type SetBytes, setBytes } from "./set-bytes.ts";
import { decodePart, emptyDraft, type SetDraft } from "./set-parts.ts";

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Paths of all files below a folder, relative to it, with `/`, sorted. */
export const filesBelow = async (folder: string, prefix = ""): Promise<string[]> => {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const nested = await Promise.all(
    entries.map((entry) =>
      entry.isDirectory() ? filesBelow(folder, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
    ),
  );
  return nested.flat().sort();
};

/** Files in a set's folder that are neither its manifest nor one of its parts. */
export const unlistedFiles = async (folder: string, manifest: Manifest): Promise<string[]> =>
  (await filesBelow(folder)).filter(
    (path) => path !== manifestName && !Object.hasOwn(manifest.parts, path) && !isLitter(path.split("/").at(-1) ?? ""),
  );

/**
 * The checked manifest of the set in a folder, and the bytes of its file; the parts are not looked at.
 * @throws DistilleryError SET when there is no such folder or it holds no distilled set of this version.
 */
export const readManifest = async (
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly bytes: number }> => {
  const file = join(folder, manifestName);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const exists = await stat(folder).catch(() => undefined);
    const why =
      exists === undefined
        ? "there is no such folder"
        : !exists.isDirectory()
          ? "it is a file; give the folder that holds it"
          : isMissing(cause)
            ? `it is not a distilled set: it has no ${manifestName}`
            : `its ${manifestName} cannot be read (${reasonOf(cause)})`;
    throw new DistilleryError("SET", `${folder}: ${why}`, { cause });
  }
  return { manifest: parseManifest(text, file), bytes: Buffer.byteLength(text) };
};

/** Bytes of the files of the set in a folder, as its manifest lists them, and of the manifest. @throws DistilleryError SET. */
export const weighSet = async (folder: string): Promise<SetBytes> => {
  const { manifest, bytes } = await readManifest(folder);
  return setBytes(manifest, bytes);
};

/** Checks one part against the manifest and decodes it; returns what is wrong with it, or undefined. */
const examinePart = async (
  folder: string,
  manifest: Manifest,
  path: string,
  part: Part,
  draft?: SetDraft,
): Promise<string | undefined> => {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, path));
  } catch (cause) {
    return isMissing(cause) ? `part ${path} is missing` : `part ${path} cannot be read (${reasonOf(cause)})`;
  }
  if (bytes.length !== part.bytes) return `part ${path} has ${bytes.length} bytes, the manifest says ${part.bytes}`;
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

/**
 * Reads a distilled set, after checking everything: manifest, every part's presence, bytes, sha256 and shape, and that
 * nothing else lies in the folder. Compensators are stored rounded, so what this returns, and not what was given to
 * writeSet, is what every use of a set must start from. Labels stay packed; trainingLabels expands the rows asked for.
 * @throws DistilleryError SET with the first problem.
 */
export const readSet = async (folder: string): Promise<DistilledSet> => {
  const wrong = (problem: string): DistilleryError =>
    new DistilleryError("SET", `${folder}: ${problem}; \`distillery verify\` lists everything that is wrong`);
  const { manifest } = await readManifest(folder);
  const unlisted = await unlistedFiles(folder, manifest);
  if (unlisted[0] !== undefined) throw wrong(`${unlisted[0]} does not belong to the set; move it elsewhere`);
  // Sizes first: memory for the arrays is taken only when files of the promised sizes are there.
  for (const [path, part] of Object.entries(manifest.parts)) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found === undefined) throw wrong(`part ${path} is missing`);
    if (found.size !== part.bytes) {
      throw wrong(`part ${path} has ${found.size} bytes, the manifest says ${part.bytes}`);
    }
  }
  const { bases, classes } = counts(manifest);
  const { height, width } = manifest.image;
  const tooMuch = tooMuchForOnePiece(bases * classes * 3 * height * width);
  if (tooMuch !== undefined) throw new DistilleryError("SET", `${folder}: its base images ${tooMuch}`);
  const draft = emptyDraft(manifest);
  for (const [path, part] of Object.entries(manifest.parts)) {
    const problem = await examinePart(folder, manifest, path, part, draft);
    if (problem !== undefined) throw wrong(problem);
  }
  return { manifest, ...draft };
};

export interface Verification {
  readonly ok: boolean;
  /** Everything that is wrong, one sentence each. */
  readonly problems: readonly string[];
  /** The parts that the manifest lists; `bytes` as it lists them. */
  readonly parts: readonly { readonly path: string; readonly bytes: number; readonly ok: boolean }[];
}

/** Checks what readSet checks, holding one part in memory at a time, and reports all problems instead of the first. */
export const verifySet = async (folder: string): Promise<Verification> => {
  let manifest: Manifest;
  try {
    ({ manifest } = await readManifest(folder));
  } catch (error) {
    if (!(error instanceof DistilleryError)) throw error;
    return { ok: false, problems: [error.message], parts: [] };
  }
  const problems: string[] = [];
  const parts: Verification["parts"][number][] = [];
  for (const [path, part] of Object.entries(manifest.parts)) {
    const problem = await examinePart(folder, manifest, path, part);
    if (problem !== undefined) problems.push(problem);
    parts.push({ path, bytes: part.bytes, ok: problem === undefined });
  }
  for (const path of await unlistedFiles(folder, manifest)) problems.push(`${path} does not belong to the set`);
  return { ok: problems.length === 0, problems, parts };
};
