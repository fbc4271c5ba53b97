import { z } from "zod";
import { DistilleryError } from "../support/errors.ts";
import type { Manifest, Part } from "./distilled-set.ts";
import { hasCompensators, mayCopy, methods } from "./method.ts";

export const manifestName = "manifest.json";
export const compensatorsName = "compensators.safetensors";
export const labelsName = "labels.safetensors";
export const baseName = (k: number): string => `bases/${k}.png`;

const whole = (least: number) => z.int().min(least);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

const manifestSchema = z.strictObject({
  format: z.literal("distillery-set"),
  version: z.literal(2),
  data: z.string(),
  method: z.enum(methods),
  classes: z.array(z.string()).min(1),
  words: z.exactOptional(z.array(z.string())),
  // The upper bound keeps a foreign manifest from asking for all of the memory.
  image: z.strictObject({ height: whole(1).max(4096), width: whole(1).max(4096) }),
  normalisation: z.strictObject({
    mean: triple,
    std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  }),
  budget: z.strictObject({
    ipc: whole(1),
    bases: whole(1),
    compensators: whole(0),
    trainingImages: whole(1).max(100_000_000),
  }),
  compensators: z.strictObject({ dtype: z.enum(["none", "F32", "F16", "I8"]) }),
  labels: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z.strictObject({ kind: z.literal("logits"), dtype: z.enum(["F16", "U8"]) }),
    z.strictObject({
      kind: z.literal("top-k"),
      k: whole(1),
      temperature: z.number().positive(),
      dtype: z.literal("F16"),
    }),
  ]),
  teachers: z.array(z.strictObject({ architecture: z.string(), accuracy: z.number().min(0).max(100), sha256: hash })),
  recipe: z.record(z.string(), z.unknown()),
  seed: z.int(),
  notice: z.string(),
  parts: z.record(
    z.string(),
    z.strictObject({ holds: z.enum(["bases", "compensators", "labels"]), bytes: whole(1), sha256: hash }),
  ),
});

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
export const expectedParts = (manifest: Omit<Manifest, "parts">): ReadonlyMap<string, Part["holds"]> =>
  new Map<string, Part["holds"]>([
    ...Array.from({ length: manifest.budget.bases }, (_, k) => [baseName(k), "bases"] as const),
    ...(manifest.budget.compensators > 0 ? [[compensatorsName, "compensators"] as const] : []),
    ...(manifest.labels.kind === "none" ? [] : [[labelsName, "labels"] as const]),
  ]);

/** A class of a set as people call it: "goldfish, Carassius auratus"; absent where that is its name in the data. */
export const wordsOf = ({ classes, words }: Pick<Manifest, "classes" | "words">, index: number): string | undefined =>
  words?.[index] === classes[index] ? undefined : words?.[index];

/** What does not agree between method, budget, compensators and labels. */
const miscounts = (manifest: Manifest): string[] => {
  const { method, budget, compensators, labels, teachers, words } = manifest;
  const { bases, compensators: perBase, classes, labelled } = counts(manifest);
  const problems: string[] = [];
  if (words !== undefined && words.length !== classes) {
    problems.push(`words are of ${words.length} classes, expected as many as classes, ${classes}`);
  }
  if (!Number.isInteger(perBase) || perBase > 0 !== hasCompensators(method)) {
    const expected = hasCompensators(method)
      ? `at least one for each of ${bases} base sets, of all the same number`
      : "0";
    problems.push(`budget.compensators is ${budget.compensators}, expected ${expected} for the method ${method}`);
  }
  const copies = budget.trainingImages / labelled;
  if (copies !== 1 && !(mayCopy(method) && Number.isInteger(copies))) {
    problems.push(
      `budget.trainingImages is ${budget.trainingImages}, expected ${labelled}${mayCopy(method) ? " or a multiple" : ""}`,
    );
  }
  if (bases * classes + budget.compensators > budget.ipc * classes) {
    problems.push(
      `budget.bases is ${bases}: with ${budget.compensators} compensators the set stores more than ${budget.ipc} images a class`,
    );
  }
  if ((compensators.dtype === "none") !== (perBase === 0)) {
    problems.push(`compensators.dtype is ${compensators.dtype}, but budget.compensators is ${budget.compensators}`);
  }
  if (labels.kind !== "none" && teachers.length === 0) {
    problems.push(`labels.kind is ${labels.kind}, but no teachers are named that made them`);
  }
  if (labels.kind === "top-k" && labels.k >= classes) {
    problems.push(`labels.k is ${labels.k}, expected less than the ${classes} classes`);
  }
  return problems;
};

/** What does not agree inside a well-formed manifest; empty when all is well. */
const contradictions = (manifest: Manifest): string[] => {
  const problems = miscounts(manifest);
  if (problems.length > 0) return problems;
  const expected = expectedParts(manifest);
  for (const [path, holds] of expected) {
    const part = manifest.parts[path];
    if (part === undefined) problems.push(`parts does not list ${path}`);
    else if (part.holds !== holds) problems.push(`parts says that ${path} holds ${part.holds}, expected ${holds}`);
  }
  for (const path of Object.keys(manifest.parts)) {
    if (!expected.has(path)) problems.push(`parts lists ${path}, which does not belong to a set`);
  }
  return problems;
};

/** What version 1 did not say, because it was always so. */
const sinceVersion1 = {
  version: 2,
  compensators: { dtype: "F16" },
  labels: { kind: "logits", dtype: "F16" },
} as const satisfies Partial<Manifest>;

const where = (path: readonly PropertyKey[]): string => (path.length === 0 ? "" : `${path.join(".")}: `);

/**
 * The manifest in this text, of version 1 or 2, in the form of version 2.
 * @throws DistilleryError SET, naming `file`, when it is not JSON, not of a distilled set, of another version, or
 * contradicts itself.
 */
export const parseManifest = (text: string, file: string): Manifest => {
  const wrong = (what: string): DistilleryError => new DistilleryError("SET", `${file}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it is not JSON: it was cut short or edited; make or fetch the set again");
  }
  const head = z.looseObject({ format: z.literal("distillery-set"), version: z.int() }).safeParse(value);
  if (!head.success) {
    throw wrong('it is not the manifest of a distilled set (it lacks format "distillery-set" and a version)');
  }
  const { version } = head.data;
  if (version > 2) {
    throw wrong(`the set has version ${version}, this program reads versions 1 and 2; update distillery to read it`);
  }
  const result = manifestSchema.safeParse(version === 1 ? { ...head.data, ...sinceVersion1 } : value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw wrong(`${where(issue?.path ?? [])}${issue?.message ?? "it does not fit"}; make or fetch the set again`);
  }
  const problem = contradictions(result.data)[0];
  if (problem !== undefined) throw wrong(`${problem}; make or fetch the set again`);
  return result.data;
};
