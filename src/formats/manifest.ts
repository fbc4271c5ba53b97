import { z } from "zod";
import { DistilleryError } from "../support/errors.ts";
import type { Manifest, Part } from "./distilled-set.ts";

export const manifestName = "manifest.json";
export const compensatorsName = "compensators.safetensors";
export const labelsName = "labels.safetensors";
export const baseName = (k: number): string => `bases/${k}.png`;

const whole = (least: number) => z.int().min(least);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

const manifestSchema = z.strictObject({
  format: z.literal("distillery-set"),
  version: z.literal(1),
  data: z.string(),
  method: z.literal("infer"),
  classes: z.array(z.string()).min(1),
  // The upper bound keeps a foreign manifest from asking for all of the memory.
  image: z.strictObject({ height: whole(1).max(4096), width: whole(1).max(4096) }),
  normalisation: z.strictObject({
    mean: triple,
    std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  }),
  budget: z.strictObject({ ipc: whole(1), bases: whole(1), compensators: whole(1), trainingImages: whole(1) }),
  teachers: z
    .array(z.strictObject({ architecture: z.string(), accuracy: z.number().min(0).max(100), sha256: hash }))
    .min(1),
  recipe: z.record(z.string(), z.unknown()),
  seed: z.int(),
  notice: z.string(),
  parts: z.record(
    z.string(),
    z.strictObject({ holds: z.enum(["bases", "compensators", "labels"]), bytes: whole(1), sha256: hash }),
  ),
});

/** K, M and C of a set. */
export const counts = (
  manifest: Omit<Manifest, "parts">,
): { readonly bases: number; readonly teachers: number; readonly classes: number } => ({
  bases: manifest.budget.bases,
  teachers: manifest.teachers.length,
  classes: manifest.classes.length,
});

/** The files that a set must have besides its manifest, and what each holds; base set k is the k-th. */
export const expectedParts = (manifest: Omit<Manifest, "parts">): ReadonlyMap<string, Part["holds"]> =>
  new Map<string, Part["holds"]>([
    ...Array.from({ length: manifest.budget.bases }, (_, k) => [baseName(k), "bases"] as const),
    [compensatorsName, "compensators"],
    [labelsName, "labels"],
  ]);

/** What does not agree inside a well-formed manifest; empty when all is well. */
const contradictions = (manifest: Manifest): string[] => {
  const { bases, teachers, classes } = counts(manifest);
  const { compensators, trainingImages } = manifest.budget;
  const problems: string[] = [];
  if (compensators !== bases * teachers) {
    problems.push(
      `budget.compensators is ${compensators}, expected ${bases} bases x ${teachers} teachers = ${bases * teachers}`,
    );
  }
  const images = (teachers + 1) * bases * classes;
  if (trainingImages !== images) problems.push(`budget.trainingImages is ${trainingImages}, expected ${images}`);
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

const where = (path: readonly PropertyKey[]): string => (path.length === 0 ? "" : `${path.join(".")}: `);

/**
 * The manifest in this text.
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
  if (head.data.version > 1) {
    throw wrong(`the set has version ${head.data.version}, this program reads version 1; update distillery to read it`);
  }
  const result = manifestSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw wrong(`${where(issue?.path ?? [])}${issue?.message ?? "it does not fit"}; make or fetch the set again`);
  }
  const problem = contradictions(result.data)[0];
  if (problem !== undefined) throw wrong(`${problem}; make or fetch the set again`);
  return result.data;
};
