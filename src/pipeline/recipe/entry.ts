// Entries of a comparison's list, such as "infer labelBytes=4KB alpha=2".
import { z } from "zod";
import type { MethodChoice, Recipe } from "../../recipe/recipe.ts";
import { parseBytes } from "../../sets/index.ts";
import { described, unique } from "../../support/fields.ts";
import { inherited, isStored, methodNames, methodOf, methodsOf, optionsOf, optionValue } from "./method.ts";

const bytes = (help: string) =>
  described(
    z.exactOptional(
      z.preprocess((value) => (typeof value === "string" ? (parseBytes(value) ?? value) : value), z.int().min(1)),
    ),
    "a number of bytes such as 20000, 20KB or 0.5MB",
    help,
    { placeholder: "bytes" },
  );

/** Fields of a recipe that may differ between the sets of a comparison, besides the options of a method. */
export const storageFields = {
  labelBytes: bytes("bytes that a set's labels may take, e.g. 20KB; stored as faithfully as fits into them"),
  setBytes: bytes("bytes that a whole set may take, e.g. 350KB; its labels are stored as faithfully as fits"),
};

type StorageField = keyof typeof storageFields;

/** One set to compare: its method, and in what it differs from the recipe. */
export interface Entry {
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly settings: Partial<Pick<Recipe, StorageField>>;
  /** The settings as they were written, e.g. "labelBytes=4KB"; undefined where there are none. */
  readonly variant?: string;
  /** Those of them that decide what the set is made of. */
  readonly making?: string;
}

const isStorageField = (name: string): name is StorageField => Object.hasOwn(storageFields, name);

const joined = (words: readonly string[]): string | undefined => (words.length === 0 ? undefined : words.join(" "));

/** Reads an entry; undefined where it says nothing that is known. */
export const readEntry = (text: string): Entry | undefined => {
  const [name = "", ...words] = text.trim().split(/\s+/);
  const meant = methodsOf(name);
  if (meant.length === 0) return undefined;
  const settings = words.map((word) => {
    const [field = "", value = ""] = word.split(/=(.*)/s);
    if (isStorageField(field)) {
      return { word, field, value: storageFields[field].safeParse(value).data, storage: true, own: false };
    }
    const storage = isStored(meant, field);
    return { word, field, value: optionValue(meant, field, value), storage, own: true };
  });
  const distinct = new Set(settings.map(({ field }) => field)).size === settings.length;
  if (!distinct || settings.some(({ value }) => value === undefined)) return undefined;
  const variant = joined(words);
  const making = joined(settings.filter(({ storage }) => !storage).map(({ word }) => word));
  const chosen = (own: boolean) =>
    Object.fromEntries(settings.filter((one) => one.own === own).map(({ field, value }) => [field, value]));
  return {
    method: name,
    options: chosen(true),
    settings: chosen(false),
    ...(variant !== undefined && { variant }),
    ...(making !== undefined && { making }),
  };
};

/** A word of a list of methods, with suggestions for a method that is misspelt and the options of one that is not. */
export const entrySchema = z.string().superRefine((text, context) => {
  if (readEntry(text) !== undefined) return;
  const name = text.trim().split(/\s+/)[0] ?? "";
  const meant = methodsOf(name);
  if (meant.length === 0) context.addIssue({ code: "invalid_value", values: [...methodNames], input: text });
  else {
    const known = [...new Set(meant.flatMap(optionsOf)), ...Object.keys(storageFields)].join(", ");
    const message = `"${text}": expected ${name}, or ${name} and some of its settings, each once, as in ${name} storage=images; it has ${known}`;
    context.addIssue({ code: "custom", message, input: text });
  }
});

/** True where no two words ask for the same set, in whatever order and units their settings are written. */
export const distinctEntries = (texts: readonly string[]): boolean =>
  unique(
    texts.map((text) => {
      const { method, options, settings } = readEntry(text) ?? { method: text, options: {}, settings: {} };
      return JSON.stringify([method, Object.entries({ ...options, ...settings }).sort(([a], [b]) => (a < b ? -1 : 1))]);
    }),
  );

/** The entries of a recipe that was checked, in its order. */
export const entriesOf = ({ compare }: Recipe): readonly Entry[] => compare.methods.map((text) => readEntry(text)!);

/** The recipe of one set of a comparison, at a budget and from a draw of first images. */
export const recipeOf = (
  recipe: Recipe,
  { method, options, settings }: Entry,
  at: Pick<Recipe, "ipc" | "draw">,
): Recipe => {
  const own = inherited(methodOf({ name: method }), recipe.method, recipe.iterations);
  const chosen: MethodChoice = { ...own, ...options, name: method };
  return { ...recipe, ...settings, method: chosen, ...at };
};
