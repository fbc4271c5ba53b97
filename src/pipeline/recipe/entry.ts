import { z } from "zod";
import { type Method, methods, parseBytes } from "../../sets/index.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { atLeastZero, choice, described, unique, whole } from "../../support/fields.ts";

const bytes = (help: string) =>
  described(
    z.exactOptional(
      z.preprocess((value) => (typeof value === "string" ? (parseBytes(value) ?? value) : value), z.int().min(1)),
    ),
    "a number of bytes such as 20000, 20KB or 0.5MB",
    help,
  );

/** Fields of a recipe that say how a set is made by its method, and so may differ between the sets of a comparison. */
export const makingFields = {
  iterations: whole(1, "optimisation steps of a compensator"),
  alpha: atLeastZero("weight of the BatchNorm statistics in a compensator's loss"),
  bases: choice(
    ["random", "confidence"],
    "INFER's base images: random, or those the teachers are most confident of (confidence, an ablation)",
  ),
  compensatorViews: choice(
    ["shifts", "crops"],
    "how a step moves a compensator's images: shifts, as for small images, or crops, mirrored and shifted, as at 224 pixels",
  ),
  compensatorPrecision: choice(
    ["F32", "F16", "I8"],
    "how compensators are stored: floats F32, half floats F16, 8 bits I8",
  ),
  labelBytes: bytes("bytes that a set's labels may take, e.g. 20KB; stored as faithfully as fits into them"),
  setBytes: bytes("bytes that a whole set may take, e.g. 350KB; its labels are stored as faithfully as fits"),
};

export type Making = keyof typeof makingFields;

/** These say how a set is stored, not what it is made of. */
const storage: ReadonlySet<Making> = new Set(["compensatorPrecision", "labelBytes", "setBytes"]);

/** One set to compare: its method, and in what it differs from the recipe. */
export interface Entry {
  readonly method: Method;
  readonly settings: Partial<Pick<Recipe, Making>>;
  /** The settings as they were written, e.g. "labelBytes=4KB"; undefined where there are none. */
  readonly variant?: string;
  /** Those of them that decide what the set is made of. */
  readonly making?: string;
}

const isMaking = (name: string): name is Making => Object.hasOwn(makingFields, name);

/** The value of a setting's text, by the schema of its field. */
const settingOf = (name: Making, text: string): unknown => {
  const readings = (text === "" ? [] : [text, Number(text)]).map((value) => makingFields[name].safeParse(value));
  return readings.find(({ success }) => success)?.data;
};

const joined = (words: readonly string[]): string | undefined => (words.length === 0 ? undefined : words.join(" "));

/** What an entry such as "infer labelBytes=4KB" says; undefined where it says nothing that is known. */
const readEntry = (text: string): Entry | undefined => {
  const [name, ...words] = text.trim().split(/\s+/);
  const method = methods.find((known) => known === name);
  const settings = words.map((word) => {
    const [field = "", value = ""] = word.split(/=(.*)/s);
    return { word, field, value: isMaking(field) ? settingOf(field, value) : undefined };
  });
  const distinct = new Set(settings.map(({ field }) => field)).size === settings.length;
  if (method === undefined || !distinct || settings.some(({ value }) => value === undefined)) return undefined;
  const variant = joined(words);
  const making = joined(settings.filter(({ field }) => !storage.has(field as Making)).map(({ word }) => word));
  return {
    method,
    settings: Object.fromEntries(settings.map(({ field, value }) => [field, value])),
    ...(variant !== undefined && { variant }),
    ...(making !== undefined && { making }),
  };
};

/** A word of a list of methods, with suggestions for a method that is misspelt. */
export const entrySchema = z.string().superRefine((text, context) => {
  if (readEntry(text) !== undefined) return;
  context.addIssue({ code: "invalid_value", values: [...methods], input: text });
});

/** True where no two words ask for the same set, in whatever order and units their settings are written. */
export const distinctEntries = (texts: readonly string[]): boolean =>
  unique(
    texts.map((text) => {
      const { method, settings } = readEntry(text) ?? { method: text, settings: {} };
      return JSON.stringify([method, Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))]);
    }),
  );

/** The entries of a recipe that was checked, in its order. */
export const entriesOf = ({ compare }: Recipe): readonly Entry[] => compare.methods.map((text) => readEntry(text)!);
