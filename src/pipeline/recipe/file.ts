// Reading and writing recipe files.
import { type Document, parseDocument, stringify, visit } from "yaml";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { readRegularFile, reasonOf } from "../../support/files.ts";
import { isFields } from "../../support/json.ts";
import { shown } from "../../support/schema.ts";
import { decodeText } from "../../support/text.ts";
import { mergeFields, parseRecipe } from "./parse.ts";

/** Far above any recipe: a megabyte holds tens of thousands of names. */
const mostBytes = 2 ** 20;

const notYaml = (file: string, line: number | undefined, what: string, cause?: unknown): DistilleryError =>
  new DistilleryError("RECIPE", `${file}${line === undefined ? "" : `:${line}`}: not valid YAML: ${what}`, { cause });

/** Fails on an alias inside of what it stands for: such a value has no end. */
const checkAliases = (document: Document.Parsed, text: string, file: string): void => {
  visit(document, {
    Alias: (_, alias, path) => {
      const target = alias.resolve(document);
      if (target === undefined || !path.some((node) => node === target)) return;
      const line = text.slice(0, alias.range?.[0]).split("\n").length;
      throw notYaml(file, line, `*${alias.source} stands inside of what it stands for; write the value out`);
    },
  });
};

/** The fields in the text of a recipe file, YAML or JSON; values are not checked. An empty file has no fields. */
const fieldsIn = (text: string, file: string): Readonly<Record<string, unknown>> => {
  const document = parseDocument(text, { prettyErrors: true });
  const wrong = document.errors[0];
  if (wrong !== undefined) {
    const what = wrong.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
    throw notYaml(file, wrong.linePos?.[0].line, what);
  }
  checkAliases(document, text, file);
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (cause) {
    throw notYaml(file, undefined, reasonOf(cause), cause);
  }
  if (!isFields(value)) {
    throw new DistilleryError(
      "RECIPE",
      `${file}: expected fields such as \`data: demo\` or \`ipc: 10\`, got ${shown(value)}`,
    );
  }
  return value;
};

/** The fields in a YAML or JSON file; values are not checked. @throws DistilleryError RECIPE naming the file. */
export const readFields = async (file: string): Promise<Readonly<Record<string, unknown>>> => {
  let text: string;
  try {
    text = decodeText(await readRegularFile(file, mostBytes));
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const why = missing ? "there is no such file" : reasonOf(cause);
    throw new DistilleryError("RECIPE", `${file}: cannot read the recipe: ${why}`, { cause });
  }
  return fieldsIn(text, file);
};

/**
 * The recipe in a YAML or JSON file, completed with defaults; `overrides` (e.g. from the command line, of the same
 * nested form, already checked) win over the file.
 * @throws DistilleryError RECIPE naming the file, and the line or the field.
 */
export const loadRecipe = async (file: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Recipe> => {
  const fields = await readFields(file);
  // A wrong field of the file is an error even where an override would hide it.
  parseRecipe({ ...(overrides.data === undefined ? {} : { data: overrides.data }), ...fields }, file);
  // The file alone is right: an error that comes only now is of the overrides.
  return parseRecipe(mergeFields(fields, overrides), `command line with ${file}`);
};

/** The recipe in the text of such a file, completed with defaults. @throws DistilleryError RECIPE. */
export const recipeIn = (text: string, file: string): Recipe => parseRecipe(fieldsIn(text, file), file);

/** A recipe file that gives this recipe; every field is written out. */
export const recipeToYaml = (recipe: Recipe): string => stringify(recipe, { flowCollectionPadding: false });

/** A recipe as a plain object, as in its file. */
export const plainRecipe = (recipe: Recipe): Record<string, unknown> =>
  JSON.parse(JSON.stringify(recipe)) as Record<string, unknown>;
