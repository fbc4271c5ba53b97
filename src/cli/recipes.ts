// The recipes that come with the program: listed, shown and found by name.
import { readdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DistilleryError } from "../support/errors.ts";
import { exists } from "../support/files.ts";
import { printable } from "../support/format.ts";
import { didYouMean } from "../support/suggest.ts";
import type { Outcome } from "./output.ts";
import { coloursFor, factSheet, type Output } from "./output.ts";

/** A recipe file that comes with the program. */
export interface ShippedRecipe {
  /** As it is asked for: the file's name without its ending. */
  readonly name: string;
  /** The first line of its comment. */
  readonly about: string;
  readonly file: string;
}

/** The recipes lie two folders above both src/cli and dist/cli. */
const folder = new URL("../../recipes/", import.meta.url);

const fileOf = (name: string): string => fileURLToPath(new URL(`${name}.yaml`, folder));

const namesOf = async (): Promise<string[]> =>
  (await readdir(folder))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    // Numbers by their size: ipc10, ipc50, ipc100.
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

/** All recipes that come with the program, sorted by name. */
export const shippedRecipes = async (): Promise<ShippedRecipe[]> =>
  Promise.all(
    (await namesOf()).map(async (name) => {
      const [first = ""] = (await readFile(fileOf(name), "utf8")).split("\n");
      return { name, about: first.replace(/^#\s*/, ""), file: fileOf(name) };
    }),
  );

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const unknown = (code: "USAGE" | "RECIPE", name: string, names: readonly string[], looked: string): DistilleryError =>
  new DistilleryError(
    code,
    `recipe "${name}": ${looked}no such recipe comes with distillery${didYouMean(name, names)}; \`distillery recipes\` lists them`,
  );

/** The recipes there are, a line each. */
export const describeRecipes = async (stdout: Output): Promise<Outcome> => {
  const recipes = await shippedRecipes();
  const facts = recipes.map(({ name, about }) => [name, printable(about)] as const);
  return { text: factSheet(facts, coloursFor(stdout)), json: recipes };
};

/** One recipe that comes with the program, as it stands in its file. Throws USAGE for an unknown name. */
export const showRecipe = async (name: string): Promise<Outcome> => {
  const found = (await shippedRecipes()).find((recipe) => recipe.name === name);
  if (found === undefined) throw unknown("USAGE", name, await namesOf(), "");
  const text = await readFile(found.file, "utf8");
  return { text: text.trimEnd(), json: { ...found, text } };
};

/**
 * The file that `--recipe` means: the file given or, where there is none, the recipe of that name that comes with the
 * program. A path that is no file is given back as it is, for whoever reads it to say so. Throws RECIPE
 * for a bare name that is neither.
 */
export const findRecipe = async (given: string): Promise<string> => {
  if (!/^[\w-]+$/.test(given) || (await isFile(given))) return given;
  const names = await namesOf();
  if (names.includes(given)) return fileOf(given);
  if (await exists(given)) return given;
  throw unknown("RECIPE", given, names, "there is no such file, and ");
};
