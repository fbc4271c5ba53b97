import { readFile } from "node:fs/promises";
import { parseDocument, stringify } from "yaml";
import { DistilleryError } from "../support/errors.ts";
import type { Recipe } from "./recipe.ts";
import { isFields, mergeFields, parseRecipe, shown } from "./recipe-parse.ts";

/** The fields in the text of a recipe file, YAML or JSON; values are not checked. An empty file has no fields. */
const fieldsIn = (text: string, file: string): Readonly<Record<string, unknown>> => {
  const document = parseDocument(text, { prettyErrors: true });
  const wrong = document.errors[0];
  if (wrong !== undefined) {
    const line = wrong.linePos?.[0].line;
    const what = wrong.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
    throw new DistilleryError("RECIPE", `${file}${line === undefined ? "" : `:${line}`}: not valid YAML: ${what}`);
  }
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DistilleryError("RECIPE", `${file}: not valid YAML: ${why}`, { cause });
  }
  if (!isFields(value)) {
    throw new DistilleryError(
      "RECIPE",
      `${file}: expected fields such as \`data: demo\` or \`ipc: 10\`, got ${shown(value)}`,
    );
  }
  return value;
};

/**
 * The recipe in a YAML or JSON file, completed with defaults; `overrides` (e.g. from the command line, of the same
 * nested form, already checked) win over the file.
 * @throws DistilleryError RECIPE naming the file, and the line or the field.
 */
export const loadRecipe = async (file: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Recipe> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const why = missing ? "there is no such file" : cause instanceof Error ? cause.message : String(cause);
    throw new DistilleryError("RECIPE", `${file}: cannot read the recipe: ${why}`, { cause });
  }
  const fields = fieldsIn(text, file);
  // A wrong field of the file is an error even where an override would hide it.
  parseRecipe({ ...(overrides.data === undefined ? {} : { data: overrides.data }), ...fields }, file);
  return parseRecipe(mergeFields(fields, overrides), file);
};

/** The recipe in the text of such a file, completed with defaults. @throws DistilleryError RECIPE. */
export const recipeIn = (text: string, file: string): Recipe => parseRecipe(fieldsIn(text, file), file);

/** A recipe file that gives this recipe; every field is written out. */
export const recipeToYaml = (recipe: Recipe): string => stringify(recipe, { flowCollectionPadding: false });
