// Fields of a recipe that may change in a run's folder: what they add costs only itself.
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";
import type { Recipe } from "../../recipe/recipe.ts";
import { valueAt } from "../recipe/parse.ts";
import { recipeFields } from "../recipe/schema.ts";

/** Fields by which no finished result is made otherwise: they say which results are wanted. */
const wanted = ["students", "labels", "seeds", "full", "compare"] as const;

/** Rows of all the data may be added and left out, not trained otherwise. */
const sameFull = ({ full }: Recipe, { full: there }: Recipe): boolean =>
  full.epochs === 0 || there.epochs === 0 || isDeepStrictEqual(full, there);

/**
 * A recipe with what was wanted of another in place of what is wanted now, as far as that may change: the two are then equal
 * where they can share a folder. The first student stays, because methods match features of networks like it.
 */
export const ungrown = (recipe: Recipe, there: Recipe): Recipe => ({
  ...recipe,
  ...(recipe.students[0] === there.students[0] && { students: there.students }),
  ...(sameFull(recipe, there) && { full: there.full }),
  labels: there.labels,
  seeds: there.seeds,
  compare: there.compare,
});

/** A recipe as it stands in a set's manifest, without what says nothing of the set. */
export const ofTheSet = (recipe: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const [first] = [recipe.students].flat();
  const others = Object.entries(recipe).filter(([name]) => !wanted.some((field) => field === name));
  return { ...Object.fromEntries(others), students: first };
};

/** The text of a recipe file, with the fields in which two recipes differ changed and all else, comments too, as it is. */
export const rewritten = (text: string, before: Recipe, after: Recipe): string => {
  const document = parseDocument(text);
  for (const { path } of recipeFields) {
    const value = valueAt(after, path);
    if (isDeepStrictEqual(valueAt(before, path), value)) continue;
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, value);
  }
  return document.toString({ flowCollectionPadding: false });
};
