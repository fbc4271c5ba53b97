// A recipe from what was given, with errors that name the field.
import type { z } from "zod";
import { findMethod, methods } from "../../distill/registry.ts";
import { explainIssue } from "../../recipe/explain-issue.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { isFields } from "../../support/json.ts";
import { didYouMean } from "../../support/suggest.ts";
import { defaultsFor, withoutLeast } from "./defaults.ts";
import { idleInRecipe } from "./idle-fields.ts";
import { expectationAt, recipeSchema, schemaAt } from "./schema.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A choice of method by its name alone, as fields. */
const asChoice = (value: unknown): Fields => (isFields(value) ? value : { name: value });

/** Options go on top of others of the same method; another method has none of them. */
const mergeMethods = (under: unknown, over: unknown): Fields => {
  const [below, above] = [asChoice(under), asChoice(over)];
  return above.name === undefined || above.name === below.name ? { ...below, ...above } : above;
};

/** `over` on top of `under`, group by group. */
export const mergeFields = (under: Fields, over: Fields): Fields => {
  // A map, because assigning a field named "__proto__" to an object would not add a field.
  const merged = new Map(Object.entries(under));
  const { method } = under;
  // The steps that are asked for now, not those that were written out.
  if (over.iterations !== undefined && isFields(method)) {
    const { iterations: _, ...others } = method;
    merged.set("method", others);
  }
  for (const [name, value] of Object.entries(over)) {
    const below = merged.get(name);
    if (name === "method" && below !== undefined) merged.set(name, mergeMethods(below, value));
    else merged.set(name, isFields(below) && isFields(value) ? mergeFields(below, value) : value);
  }
  return Object.fromEntries(merged);
};

/** The value that a path leads to; undefined where there is none. */
export const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, step) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );

/** Fields of earlier recipes that options of methods are called after now. */
const renamed = new Map([
  ["compensatorViews", "views"],
  ["compensatorPrecision", "precision"],
]);

/** The right place of an option of a method that stands among a recipe's own fields; undefined for anything else. */
const misplaced = (key: string): string | undefined => {
  const option = renamed.get(key) ?? key;
  const owner = methods.find((method) => Object.hasOwn(method.options.shape, option));
  return owner && `it is an option of the method, as in method: {name: ${owner.name}, ${option}: ...}`;
};

const explain = (issue: z.core.$ZodIssue, whole: unknown): string => {
  if (issue.code === "unrecognized_keys") {
    const around = schemaAt(issue.path);
    const known = "shape" in around ? Object.keys(around.shape as object) : [];
    const key = issue.keys[0] ?? "";
    const elsewhere = issue.path.length === 0 ? misplaced(key) : undefined;
    if (elsewhere !== undefined) return `${key}: unknown field; ${elsewhere}`;
    const hint = didYouMean(key, known) || `; known are ${known.join(", ")}`;
    return `${[...issue.path, key].join(".")}: unknown field${hint}`;
  }
  // Methods may be given by their names alone.
  const field = issue.path.join(".").replace(/^method\.name$/, "method");
  const where = field === "" ? "" : `${field}: `;
  return `${where}${explainIssue(issue, expectationAt(issue.path), valueAt(whole, issue.path))}`;
};

/** Steps of the recipe as those of its method, where that has such and is not given its own. */
const withSteps = (fields: Fields): Fields => {
  const { method, iterations } = fields;
  const choice = asChoice(method);
  const known = findMethod(String(choice.name));
  if (iterations === undefined || choice.iterations !== undefined || known?.options.shape.iterations === undefined) {
    return fields;
  }
  return { ...fields, method: { ...choice, iterations } };
};

/** The defaults beside what was given: no least number of steps beside epochs, which somebody has chosen. */
const defaultsBeside = (given: unknown): Fields => {
  const data = isFields(given) && typeof given.data === "string" ? given.data : "";
  const defaults = defaultsFor(data);
  const chosen = (group: string): boolean => valueAt(given, [group, "epochs"]) !== undefined;
  return {
    ...defaults,
    ...(chosen("teacher") && { teacher: withoutLeast(defaults.teacher) }),
    ...(chosen("full") && { full: withoutLeast(defaults.full) }),
  };
};

/**
 * A whole recipe from what was given, e.g. the content of a recipe file; what is not given comes from defaultsFor its
 * data. Only `data` must be given.
 * @throws DistilleryError RECIPE, beginning with `nameForErrors` and naming field, expectation and value; also where
 * a field is given that means nothing for the data.
 */
export const parseRecipe = (value: unknown, nameForErrors: string): Recipe => {
  const whole = isFields(value) ? withSteps(mergeFields(defaultsBeside(value), value)) : value;
  const result = recipeSchema.safeParse(whole);
  if (result.success) {
    const idle = idleInRecipe(result.data);
    if (idle === undefined) return result.data;
    throw new DistilleryError("RECIPE", `${nameForErrors}: ${idle}; leave it out`);
  }
  const [first, ...others] = result.error.issues;
  const more = others.length === 0 ? "" : ` (and ${others.length} more wrong field${others.length === 1 ? "" : "s"})`;
  throw new DistilleryError("RECIPE", `${nameForErrors}: ${first === undefined ? "" : explain(first, whole)}${more}`);
};
