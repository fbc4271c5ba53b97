// The commands of the command line as functions.
import type { Comparison } from "../evaluation/comparison.ts";
import type { Report } from "../evaluation/rows.ts";
import type { TeachersReport } from "../evaluation/teachers-report.ts";
import type { DistilledFolder, EvaluateContext, Found } from "../pipeline/commands.ts";
import { commands } from "../pipeline/pipeline.ts";
import { parseRecipe } from "../pipeline/recipe/parse.ts";
import type { MethodChoice, Recipe } from "../recipe/recipe.ts";
import { contextOf, type WorkOptions } from "./work.ts";

/** The fields of a recipe, of which only `data` must be given: others are as on the command line. */
export type RecipeFields = Pick<Recipe, "data"> & {
  readonly [F in Exclude<keyof Recipe, "data" | "method" | "teacher" | "student" | "full" | "compare">]?: Recipe[F];
} & {
  readonly [F in "teacher" | "student" | "full" | "compare"]?: Partial<Recipe[F]>;
} & {
  /** Name of a method, or its name and options. */
  readonly method?: string | MethodChoice;
};

export interface CommandOptions extends WorkOptions {
  /** Folder for everything that is made; what lies there already from the same recipe is taken up again. */
  readonly out: string;
  /** Independent jobs that run side by side at most; by default as many as cores and memory allow. */
  readonly jobs?: number;
  /** For CIFAR: a local archive, or a folder with its unpacked files. */
  readonly archive?: string;
  /** Pixels that an image of a folder may have. */
  readonly maxPixels?: number;
}

export interface EvaluateOptions extends CommandOptions {
  /** Folder of the set to be measured; that of `out` by default. */
  readonly set?: string;
}

const recipeOf = (fields: RecipeFields): Recipe => parseRecipe(fields, "recipe");

const surroundings = (options: EvaluateOptions): EvaluateContext => {
  const { onProgress: _, ...rest } = options;
  return { signal: new AbortController().signal, ...rest, ...contextOf(options) };
};

/** Teachers, a set and students on it, and the report: `distillery run`. */
export const run = async (recipe: RecipeFields, options: CommandOptions): Promise<Found<Report>> =>
  commands.run(recipeOf(recipe), surroundings(options));

/** Teachers alone: `distillery teach`. */
export const teach = async (recipe: RecipeFields, options: CommandOptions): Promise<Found<TeachersReport>> =>
  commands.teach(recipeOf(recipe), surroundings(options));

/** A set, and the teachers that it needs: `distillery distill`. Its folder is `out`/4-set. */
export const distill = async (recipe: RecipeFields, options: CommandOptions): Promise<DistilledFolder> =>
  commands.distill(recipeOf(recipe), surroundings(options));

/** Students on a set, on random images and on all the data, and the report: `distillery evaluate`. */
export const evaluate = async (recipe: RecipeFields, options: EvaluateOptions): Promise<Found<Report>> =>
  commands.evaluate(recipeOf(recipe), surroundings(options));

/** Sets of several methods beside each other, in one table: `distillery compare`. */
export const compare = async (recipe: RecipeFields, options: CommandOptions): Promise<Found<Comparison>> =>
  commands.compare(recipeOf(recipe), surroundings(options));
