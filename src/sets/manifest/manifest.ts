import { z } from "zod";
import { DistilleryError } from "../../support/errors.ts";
import { reasonOf } from "../../support/files.ts";
import { parseJson } from "../../support/json.ts";
import { mistakenFor } from "../../support/mistaken-for.ts";
import { firstProblem, shown } from "../../support/schema.ts";
import { budgetFor, leastIpc } from "../budget.ts";
import { hasCompensators } from "../method.ts";
import type { Manifest, Part, Unlisted } from "../set.ts";
import { manifestSchema } from "./schema.ts";
import { sealProblem } from "./seal.ts";

export const manifestName = "manifest.json";
export const compensatorsName = "compensators.safetensors";
export const labelsName = "labels.safetensors";
export const baseName = (k: number): string => `bases/${k}.png`;

/** The sizes of a set. */
export interface Counts {
  /** K. */
  readonly bases: number;
  /** V, of each base set. */
  readonly compensators: number;
  /** C. */
  readonly classes: number;
  /** (V+1) K C, the distinct training images, each with a row of labels. */
  readonly labelled: number;
}

export const counts = ({ budget, classes }: Pick<Manifest, "budget" | "classes">): Counts => {
  const perBase = budget.compensators / budget.bases;
  return {
    bases: budget.bases,
    compensators: perBase,
    classes: classes.length,
    labelled: (perBase + 1) * budget.bases * classes.length,
  };
};

/** The files that a set must have besides its manifest, and what each holds; base set k is the k-th. */
export const expectedParts = (manifest: Unlisted): ReadonlyMap<string, Part["holds"]> =>
  new Map<string, Part["holds"]>([
    ...Array.from({ length: manifest.budget.bases }, (_, k) => [baseName(k), "bases"] as const),
    ...(manifest.budget.compensators > 0 ? [[compensatorsName, "compensators"] as const] : []),
    ...(manifest.labels.kind === "none" ? [] : [[labelsName, "labels"] as const]),
  ]);

/** A class of a set as people call it: "goldfish, Carassius auratus"; absent where that is its name in the data. */
export const wordsOf = ({ classes, words }: Pick<Manifest, "classes" | "words">, index: number): string | undefined =>
  words?.[index] === classes[index] ? undefined : words?.[index];

/** Names the sizes that no set of this ipc, method and number of teachers has. */
const miscounts = ({ method, budget, classes, teachers }: Manifest): string[] => {
  const least = leastIpc(method, classes.length, teachers.length);
  const made = `a set by ${method} (classes: ${classes.length}, teachers: ${teachers.length})`;
  if (hasCompensators(method) && teachers.length === 0) {
    return [`teachers: expected at least one for the method ${method}, got none`];
  }
  if (budget.ipc < least) return [`budget.ipc: expected at least ${least} for ${made}, got ${budget.ipc}`];
  const right = budgetFor(method, budget.ipc, classes.length, teachers.length);
  return (["bases", "compensators", "trainingImages"] as const)
    .filter((size) => budget[size] !== right[size])
    .map((size) => `budget.${size}: expected ${right[size]} for ${made} with ipc ${budget.ipc}, got ${budget[size]}`);
};

/** Names the fields that say otherwise than others. */
const disagreements = (manifest: Manifest): string[] => {
  const { method, budget, classes, compensators, labels, recipe, seed, teachers, words } = manifest;
  const problems: string[] = [];
  const check = (holds: boolean, field: string, expects: string, got: unknown): void => {
    if (!holds) problems.push(`${field}: expected ${expects}, got ${shown(got)}`);
  };
  check(
    words === undefined || words.length === classes.length,
    "words",
    `${classes.length}, one a class`,
    words?.length,
  );
  const stored = budget.compensators > 0 ? "F32, F16 or I8 for compensators" : "none without compensators";
  check(
    (compensators.dtype === "none") === (budget.compensators === 0),
    "compensators.dtype",
    stored,
    compensators.dtype,
  );
  check(labels.kind === "none" || teachers.length > 0, "teachers", "those that made the labels", teachers.length);
  if (labels.kind === "top-k")
    check(labels.k < classes.length, "labels.k", `less than ${classes.length} classes`, labels.k);
  check(recipe.ipc === budget.ipc, "recipe.ipc", `budget.ipc, ${budget.ipc}`, recipe.ipc);
  check((recipe.method ?? method) === method, "recipe.method", `the set's, ${method}`, recipe.method);
  check((recipe.seed ?? seed) === seed, "recipe.seed", `the set's, ${seed}`, recipe.seed);
  return problems;
};

/** Names the files that are listed and not wanted, or wanted and not listed. */
const strangeParts = (manifest: Manifest): string[] => {
  const { bases } = manifest.budget;
  const listed = Object.keys(manifest.parts);
  // First, because a list of as many names as a manifest may ask for can fill the memory.
  if (listed.length < bases) return [`parts: expected a file for each of ${bases} base sets, got ${listed.length}`];
  const wanted = expectedParts(manifest);
  const problems: string[] = [];
  for (const [path, holds] of wanted) {
    const part = manifest.parts[path];
    if (part === undefined) problems.push(`parts does not list ${path}`);
    else if (part.holds !== holds) problems.push(`parts.${path}.holds: expected ${holds}, got ${part.holds}`);
  }
  for (const path of listed) {
    if (!wanted.has(path)) problems.push(`parts lists ${shown(path)}, which does not belong to a set`);
  }
  return problems;
};

/** Finds the first thing that does not agree inside a well-formed manifest. */
const contradiction = (manifest: Manifest): string | undefined =>
  // The files follow from the sizes.
  miscounts(manifest)[0] ?? disagreements(manifest)[0] ?? strangeParts(manifest)[0];

/** Adds to version 1 the fields that it did not need, because they were always so. */
const sinceVersion1 = {
  compensators: { dtype: "F16" },
  labels: { kind: "logits", dtype: "F16" },
} as const satisfies Partial<Manifest>;

/** Versions 1 and 2 have no sha256 of themselves. */
const unsealedSchema = manifestSchema.omit({ sha256: true });

export const newest = 3;

const decodeText = (bytes: Uint8Array): unknown => {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error("is not text in UTF-8");
  }
  return parseJson(text);
};

/**
 * The manifest in the bytes of a file, of version 1, 2 or 3, in the form of version 3.
 * @throws DistilleryError SET, naming `file`, when it is not JSON, not of a distilled set, of another version, has a field that
 * cannot be right, contradicts itself, or is not as it was written.
 */
export const parseManifest = (bytes: Uint8Array, file: string): Manifest => {
  const again = "make or fetch the set again";
  const wrong = (what: string): DistilleryError => new DistilleryError("SET", `${file}: ${what}`);
  let value: unknown;
  try {
    value = decodeText(bytes);
  } catch (cause) {
    const what = mistakenFor(bytes);
    throw wrong(what === undefined ? `it ${reasonOf(cause)}: it was cut short or edited; ${again}` : `it is ${what}`);
  }
  const head = z.looseObject({ format: z.literal("distillery-set"), version: z.int() }).safeParse(value);
  if (!head.success) {
    throw wrong('it is not the manifest of a distilled set (it lacks format "distillery-set" and a version)');
  }
  const { version, ...fields } = head.data;
  if (version < 1) throw wrong(`version: expected 1, 2 or ${newest}, got ${version}; ${again}`);
  if (version > newest) {
    throw wrong(
      `the set has version ${version}, this program reads versions 1 to ${newest}; update distillery to read it`,
    );
  }
  const schema = version < 3 ? unsealedSchema : manifestSchema;
  const result = schema.safeParse({ ...fields, version: newest, ...(version === 1 && sinceVersion1) });
  if (!result.success) throw wrong(`${firstProblem(result.error)}; ${again}`);
  const problem = contradiction(result.data) ?? (version < 3 ? undefined : sealProblem(bytes));
  if (problem !== undefined) throw wrong(`${problem}; ${again}`);
  return result.data;
};
