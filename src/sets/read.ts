// Reading and verifying a set.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { exists, readRegularFile, reasonOf } from "../support/files.ts";
import { type SetBytes, setBytes } from "./bytes.ts";
import { fileProblem, unlistedFiles } from "./files.ts";
import { examineBytes, tooLarge } from "./from-files.ts";
import { manifestName, parseManifest } from "./manifest/manifest.ts";
import { emptyDraft, type SetDraft } from "./parts.ts";
import type { DistilledSet, Manifest, Part } from "./set.ts";

/** Bytes that a manifest may have: more than 65,536 classes with long names need. */
const longestManifest = 2 ** 28;

/** The sets inside the folder of a run or a comparison. */
const setsBelow = async (folder: string): Promise<string[]> => {
  const compared = await readdir(join(folder, "sets")).catch(() => []);
  const candidates = ["4-set", ...compared.sort().map((name) => join("sets", name))].map((name) => join(folder, name));
  const found = await Promise.all(candidates.map((path) => exists(join(path, manifestName))));
  return candidates.filter((_, i) => found[i]);
};

/** Says why there is no set in a folder whose manifest has this problem. */
const whyNoSet = async (folder: string, problem: string): Promise<string> => {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return "there is no such folder";
  if (!found.isDirectory()) return "it is a file; give the folder that holds it";
  if (problem !== "is missing") return `its ${manifestName} ${problem}`;
  const inside = (await setsBelow(folder))[0];
  const hint = inside === undefined ? "" : `; ${inside} is one`;
  return `it is not a distilled set: it has no ${manifestName}${hint}`;
};

/**
 * The checked manifest of the set in a folder, and the bytes of its file; the parts are not looked at.
 * @throws DistilleryError SET when there is no such folder or it holds no distilled set of this version.
 */
export const readManifest = async (
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly bytes: number }> => {
  if (folder === "") throw new DistilleryError("SET", "the path of a set is empty; give the folder that holds it");
  const file = join(folder, manifestName);
  const problem = await fileProblem(file);
  if (problem !== undefined) throw new DistilleryError("SET", `${folder}: ${await whyNoSet(folder, problem)}`);
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(file, longestManifest);
  } catch (cause) {
    throw new DistilleryError("SET", `${folder}: its ${manifestName} cannot be read (${reasonOf(cause)})`, { cause });
  }
  return { manifest: parseManifest(bytes, file), bytes: bytes.length };
};

/** Bytes of the files of the set in a folder, as its manifest lists them, and of the manifest. @throws DistilleryError SET. */
export const weighSet = async (folder: string): Promise<SetBytes> => {
  const { manifest, bytes } = await readManifest(folder);
  return setBytes(manifest, bytes);
};

/** Parts that are read and unpacked side by side. */
const partsAtOnce = 4;

/** Checks one part against the manifest and decodes it; returns what is wrong with it, or undefined. */
const examinePart = async (
  folder: string,
  manifest: Manifest,
  path: string,
  part: Part,
  draft?: SetDraft,
): Promise<string | undefined> => {
  const file = join(folder, path);
  const problem = await fileProblem(file, part.bytes);
  if (problem !== undefined) return `part ${path} ${problem}`;
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(file, part.bytes);
  } catch (cause) {
    return `part ${path} cannot be read (${reasonOf(cause)})`;
  }
  return examineBytes(manifest, path, part, bytes, draft);
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
    const problem = await fileProblem(join(folder, path), part.bytes);
    if (problem !== undefined) throw wrong(`part ${path} ${problem}`);
  }
  const tooMuch = tooLarge(manifest);
  if (tooMuch !== undefined) throw new DistilleryError("SET", `${folder}: ${tooMuch}`);
  const draft = emptyDraft(manifest);
  const parts = Object.entries(manifest.parts);
  for (let from = 0; from < parts.length; from += partsAtOnce) {
    const some = parts.slice(from, from + partsAtOnce);
    const problems = await Promise.all(some.map(([path, part]) => examinePart(folder, manifest, path, part, draft)));
    const problem = problems.find((one) => one !== undefined);
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
  /** Hash of the manifest, from itself; absent where it has none or cannot be read. */
  readonly sha256?: string;
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
  const tooMuch = tooLarge(manifest);
  if (tooMuch !== undefined) return { ok: false, problems: [tooMuch], parts: [] };
  const problems: string[] = [];
  const parts: Verification["parts"][number][] = [];
  for (const [path, part] of Object.entries(manifest.parts)) {
    const problem = await examinePart(folder, manifest, path, part);
    if (problem !== undefined) problems.push(problem);
    parts.push({ path, bytes: part.bytes, ok: problem === undefined });
  }
  try {
    for (const path of await unlistedFiles(folder, manifest)) problems.push(`${path} does not belong to the set`);
  } catch (error) {
    if (!(error instanceof DistilleryError)) throw error;
    problems.push(error.message);
  }
  const { sha256: own } = manifest;
  return { ok: problems.length === 0, problems, parts, ...(own !== undefined && { sha256: own }) };
};
