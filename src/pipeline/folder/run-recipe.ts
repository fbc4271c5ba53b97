// The recipe in a run's folder, and its differences from another.
import { realpathSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { codeOf, readRegularFile, reasonOf } from "../../support/files.ts";
import { wantedTeacher } from "../../teachers/teacher-names.ts";
import { recipeIn, recipeToYaml } from "../recipe/file.ts";
import { valueAt } from "../recipe/parse.ts";
import { recipeFields } from "../recipe/schema.ts";

/** The first line of a recipe that a run writes, by which the run's folder is known from any other with such a file. */
const mark = "# Written by distillery: the recipe of the run in this folder.\n";

export const runRecipe = (recipe: Recipe): string => `${mark}${recipeToYaml(recipe)}`;

/** The recipe that a run wrote into its folder. */
export interface WrittenRecipe {
  readonly recipe: Recipe;
  /** The file, beginning with the mark that a run's recipe has. */
  readonly text: string;
  /** True where nobody has changed the file since. */
  readonly untouched: boolean;
}

const parse = (text: string, file: string): Recipe | DistilleryError => {
  try {
    return recipeIn(text, file);
  } catch (error) {
    if (error instanceof DistilleryError) return error;
    throw error;
  }
};

/**
 * The recipe of the run in a folder; undefined where there is no such file.
 * @throws DistilleryError USAGE when it is damaged, or not one that a run wrote: earlier versions wrote it without the mark.
 */
export const readRunRecipe = async (file: string): Promise<WrittenRecipe | undefined> => {
  const refuse = (why: string): DistilleryError => new DistilleryError("USAGE", `--out ${dirname(file)}: ${why}`);
  let text: string;
  try {
    text = String(await readRegularFile(file));
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw refuse(`its ${basename(file)} cannot be read (${reasonOf(cause)}); choose an empty or new folder`);
  }
  const recipe = parse(text, file);
  const why = recipe instanceof DistilleryError ? ` (${recipe.message})` : "";
  const marked = text.startsWith(mark);
  if (marked && (recipe instanceof DistilleryError || !text.endsWith("\n"))) {
    throw refuse(`its ${basename(file)} is damaged${why}; restore it from a copy or choose another --out`);
  }
  if (recipe instanceof DistilleryError || !(marked || text === recipeToYaml(recipe))) {
    throw refuse(
      `its ${basename(file)} was not written by distillery, or is damaged${why}; ` +
        "choose an empty or new folder, or restore it from a copy",
    );
  }
  return { recipe, text: marked ? text : `${mark}${text}`, untouched: !marked || text === runRecipe(recipe) };
};

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
};

/** Tells whether two entries of `teachers` mean the same, however the path of a file is spelled. */
const sameTeacher = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map((entry) => {
    const wanted = wantedTeacher(entry);
    return wanted.kind === "trained" ? wanted : { ...wanted, file: real(wanted.file) };
  });
  return isDeepStrictEqual(a, b);
};

/** A recipe in the words of another where both mean the same: data of one fingerprint, files of one path. */
export const respell = (recipe: Recipe, as: Recipe, sameData: boolean): Recipe => {
  const sameTeachers =
    recipe.teachers.length === as.teachers.length &&
    recipe.teachers.every((entry, j) => sameTeacher(entry, as.teachers[j]!));
  return {
    ...recipe,
    ...(sameData && { data: as.data }),
    ...(sameTeachers && { teachers: as.teachers }),
  };
};

/** Paths that two recipes can differ in: options of a method only where both are by the same. */
const comparable = (before: Recipe, after: Recipe): readonly (readonly string[])[] =>
  recipeFields.flatMap(({ path }) => {
    if (path[0] !== "method") return [path];
    if (before.method.name !== after.method.name) return [["method", "name"]];
    return Object.keys({ ...before.method, ...after.method }).map((option) => ["method", option]);
  });

/** `ipc: 10 there, 20 now` for every field in which two recipes differ. */
export const differences = (before: Recipe, after: Recipe): string => {
  const text = (value: unknown): string => (value === undefined ? "nothing" : [value].flat().join(","));
  const different = comparable(before, after)
    .map((path) => ({
      name: path.join(".").replace(/^method\.name$/, "method"),
      was: text(valueAt(before, path)),
      is: text(valueAt(after, path)),
    }))
    .filter(({ was, is }) => was !== is);
  return different.map(({ name, was, is }) => `${name}: ${was} there, ${is} now`).join("; ");
};
