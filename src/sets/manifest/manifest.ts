// Manifests of sets, read and checked.
import { z } from "zod";
import type { Size } from "../../data/augment/resized-crop.ts";
import { DistilleryError, reasonOf } from "../../support/errors.ts";
import { parseJson } from "../../support/json.ts";
import { mistakenFor } from "../../support/mistaken-for.ts";
import { firstProblem, shown } from "../../support/schema.ts";
import { compensatorDtypes } from "../compensator-codec.ts";
import { layoutOf } from "../layout.ts";
import type { Manifest, Part, Unlisted } from "../set.ts";
import { manifestSchema } from "./schema.ts";
import { sealProblem } from "./seal.ts";
import { newest, upgraded } from "./versions.ts";

export const manifestName = "manifest.json";
export const compensatorsName = "compensators.safetensors";
export const labelsName = "labels.safetensors";
export const decoderName = "decode.onnx";
const baseName = (k: number): string => `bases/${k}.png`;

/** True for the path of a file that sets have besides their card. */
export const isSetFile = (path: string): boolean =>
  [manifestName, compensatorsName, labelsName, decoderName, baseName(Number(path.replace(/\D/g, "")))].includes(path);

/** Contact sheets of base images, each with the pixels of one image a class. */
const sheetsOf = (manifest: Unlisted): number => Math.ceil(manifest.budget.bases / layoutOf(manifest).perSheet);

/** The files that a set must have besides its manifest, and what each holds; sheet k is the k-th. */
export const expectedParts = (manifest: Unlisted): ReadonlyMap<string, Part["holds"]> =>
  new Map<string, Part["holds"]>([
    ...Array.from({ length: sheetsOf(manifest) }, (_, k) => [baseName(k), "bases"] as const),
    ...(manifest.budget.compensators > 0 ? [[compensatorsName, "compensators"] as const] : []),
    ...(manifest.labels.kind === "none" ? [] : [[labelsName, "labels"] as const]),
    ...(manifest.undecoded ? [] : [[decoderName, "decoder"] as const]),
  ]);

/** A class of a set as people call it: "goldfish, Carassius auratus"; absent where that is its name in the data. */
export const wordsOf = ({ classes, words }: Pick<Manifest, "classes" | "words">, index: number): string | undefined =>
  words?.[index] === classes[index] ? undefined : words?.[index];

/** As many times a set may count an image: once more than the teachers that it may have. */
const mostCopies = 1001;

/** Names the sizes that contradict each other, or cost more than the budget has. */
const miscounts = (manifest: Manifest): string[] => {
  const { budget, classes, image, storage } = manifest;
  const { bases, compensators, perBase, perClass, ipc, trainingImages } = budget;
  const promised = bases * perBase + classes.length * perClass;
  if (compensators !== promised) {
    return [
      `budget.compensators: expected ${promised}, ${perBase} of each of ${bases} base sets and ${perClass} of each of ${classes.length} classes, got ${compensators}`,
    ];
  }
  const { stored, labelled, perSheet } = layoutOf(manifest);
  const size = ({ height, width }: Size): string => `${height}x${width}`;
  if (size(storage) !== size(stored)) {
    return [`storage: expected ${size(stored)} for ${storage.kind} of ${size(image)}, got ${size(storage)}`];
  }
  const cost = (bases * classes.length) / perSheet + compensators;
  if (cost > ipc * classes.length) {
    return [`budget.ipc: expected at least ${Math.ceil(cost / classes.length)} for what is stored, got ${ipc}`];
  }
  if (trainingImages % labelled !== 0 || trainingImages > mostCopies * labelled) {
    return [
      `budget.trainingImages: expected ${labelled} or a multiple of it up to ${mostCopies} times, got ${trainingImages}`,
    ];
  }
  return [];
};

/** Names the fields that say otherwise than others. */
const disagreements = (manifest: Manifest): string[] => {
  const { budget, classes, compensators, labels, recipe, seed, teachers, words } = manifest;
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
  const stored =
    budget.compensators > 0 ? `${compensatorDtypes.join(", ")} for compensators` : "none without compensators";
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
  check((recipe.seed ?? seed) === seed, "recipe.seed", `the set's, ${seed}`, recipe.seed);
  return problems;
};

/** Names the files that are listed and not wanted, or wanted and not listed. */
const strangeParts = (manifest: Manifest): string[] => {
  const sheets = sheetsOf(manifest);
  const listed = Object.keys(manifest.parts);
  // First, because a list of as many names as a manifest may ask for can fill the memory.
  if (listed.length < sheets) {
    return [`parts: expected a file for each of ${sheets} sheets of bases, got ${listed.length}`];
  }
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

/** Versions 1 and 2 have no sha256 of themselves. */
const unsealedSchema = manifestSchema.omit({ sha256: true });

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
 * The manifest in the bytes of a file of any version, in the form of the newest.
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
  if (version < 1) throw wrong(`version: expected 1 to ${newest}, got ${version}; ${again}`);
  if (version > newest) {
    throw wrong(
      `the set has version ${version}, this program reads versions 1 to ${newest}; update distillery to read it`,
    );
  }
  const sealed = version >= 3;
  const result = (sealed ? manifestSchema : unsealedSchema).safeParse(upgraded(version, fields));
  if (!result.success) throw wrong(`${firstProblem(result.error)}; ${again}`);
  const manifest: Manifest = result.data;
  let problem: string | undefined;
  try {
    problem = contradiction(manifest) ?? (sealed ? sealProblem(bytes) : undefined);
  } catch (cause) {
    // The images are stored in a way that nobody here knows: the set itself may be whole.
    if (cause instanceof DistilleryError) throw wrong(cause.message);
    throw cause;
  }
  if (problem !== undefined) throw wrong(`${problem}; ${again}`);
  return manifest;
};
