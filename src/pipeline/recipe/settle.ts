// Settling what `best` stands for in a recipe, once its data are known.
import { best, explain, type Recommendation, recommend, type Wanted, wordsOf } from "../../distill/recommended.ts";
import type { Prepared } from "../../recipe/prepare.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { distinctEntries, readEntry } from "./entry.ts";
import { methodOf, methodsOf, optionsOf, problemIn } from "./method.ts";

/** A recipe whose method is known by its own name. */
export interface Settled {
  readonly recipe: Recipe;
  /** Resolution of `best` and its reason; absent where it was not asked for. */
  readonly best?: string;
}

const wantedIn = ({ labels }: Recipe, { task }: Prepared, ipc: number): Wanted => ({
  classes: task.classes,
  image: task.image,
  ipc,
  labels,
});

/** Fails where the recommended method does not take what was given on top of it. @throws DistilleryError RECIPE. */
const checkGiven = ({ method }: Recommendation, why: string, given: Readonly<Record<string, unknown>>): void => {
  const problem = problemIn(methodsOf(method), given);
  if (problem === undefined) return;
  throw new DistilleryError("RECIPE", `method: ${why}; ${problem}; leave it out, or name a method in place of ${best}`);
};

/** The recipe by the method that is recommended, with what was given on top, where it asks for the best. @throws RECIPE. */
export const settleMethod = (recipe: Recipe, data: Prepared): Settled => {
  const { name, ...given } = recipe.method;
  if (name !== best) return { recipe };
  const wanted = wantedIn(recipe, data, recipe.ipc);
  const found = recommend(wanted);
  const why = explain(found, wanted);
  checkGiven(found, why, given);
  const method = methodOf({ name: found.method });
  const { iterations } = recipe;
  const steps = iterations !== undefined && optionsOf(method).includes("iterations") ? { iterations } : {};
  const options = method.options.parse({ ...found.options, ...steps, ...given });
  return { recipe: { ...recipe, method: { name: method.name, ...options } }, best: why };
};

/** The recommendation at every budget of a comparison, and why. @throws RECIPE where budgets need different ones. */
const recommendAll = (recipe: Recipe, data: Prepared) => {
  const found = (recipe.compare.ipc ?? [recipe.ipc]).map((ipc) => {
    const wanted = wantedIn(recipe, data, ipc);
    const one = recommend(wanted);
    return { one, why: explain(one, wanted) };
  });
  const other = found.find(({ one }) => one !== found[0]!.one);
  if (other === undefined) return found[0]!;
  throw new DistilleryError(
    "RECIPE",
    `compare.methods: ${found[0]!.why}, but ${other.why}; compare budgets apart, or name methods in place of ${best}`,
  );
};

/** As settleMethod, of a comparison's entries too; what stands there already is not compared twice. @throws RECIPE. */
export const settleEntries = (recipe: Recipe, data: Prepared): Settled => {
  const { recipe: settled } = settleMethod(recipe, data);
  const entries = settled.compare.methods.map((text) => ({ text, ...readEntry(text)! }));
  if (entries.every(({ method }) => method !== best)) return { recipe: settled };
  const { one, why } = recommendAll(settled, data);
  const known = entries.flatMap(({ text, method }) => (method === best ? [] : text));
  const methods = entries.flatMap(({ text, method, options, variant }) => {
    if (method !== best) return text;
    checkGiven(one, why, options);
    const own = Object.entries(one.options).filter(([option]) => !Object.hasOwn(options, option));
    const entry = [one.method, ...wordsOf(Object.fromEntries(own)), variant ?? []].flat().join(" ");
    if (!distinctEntries([...known, entry])) return [];
    known.push(entry);
    return entry;
  });
  return { recipe: { ...settled, compare: { ...settled.compare, methods } }, best: why };
};
