// The choice of a method in recipes: `infer`, `{name: dm, learningRate: 1}`, "dm learningRate=1" in words.
import { z } from "zod";
import type { Method } from "../../distill/method.ts";
import { findMethod, methods } from "../../distill/registry.ts";
import type { MethodChoice, Recipe } from "../../recipe/recipe.ts";
import type { CompensatorDtype } from "../../sets/index.ts";
import { aboutOf, described } from "../../support/fields.ts";
import { shown } from "../../support/schema.ts";
import { didYouMean } from "../../support/suggest.ts";

export const methodNames = methods.map(({ name }) => name);

/** Names of a method's own options. */
export const optionsOf = (method: Method): readonly string[] => Object.keys(method.options.shape);

/** `storage` of every method stands first; it is told apart by its name. */
const fieldOf = (method: Method, option: string): z.ZodType => method.options.shape[option] as z.ZodType;

/** The value that a text of the command line or of a comparison's entry means; undefined where it means none. */
export const optionValue = (method: Method, option: string, text: string): unknown => {
  const readings = (text === "" ? [] : [text, Number(text)]).map((value) => fieldOf(method, option).safeParse(value));
  return readings.find(({ success }) => success)?.data;
};

/** What is wrong with options of a method; undefined where nothing is. */
const problemIn = (method: Method, options: Readonly<Record<string, unknown>>): string | undefined => {
  for (const [option, value] of Object.entries(options)) {
    if (!optionsOf(method).includes(option)) {
      const others = methods.filter((one) => optionsOf(one).includes(option)).map(({ name }) => name);
      const whose =
        others.length > 0 ? `it is one of ${others.join(", ")}` : `its options are ${optionsOf(method).join(", ")}`;
      return `${method.name} has no option ${option}${didYouMean(option, optionsOf(method)) || `; ${whose}`}`;
    }
    if (!fieldOf(method, option).safeParse(value).success) {
      return `${option}: expected ${aboutOf(fieldOf(method, option)).expects}, got ${shown(value)}`;
    }
  }
  return undefined;
};

/** A method's name, or its name and options; what is left out has the method's default, which is written out. */
export const methodSchema = described(
  z.unknown().transform((given, context): MethodChoice => {
    const { name, ...options }: Readonly<Record<string, unknown>> =
      typeof given === "object" && given !== null ? { ...given } : { name: given };
    const method = findMethod(String(name));
    if (method === undefined) {
      context.issues.push({ code: "invalid_value", values: methodNames, input: name });
      return z.NEVER;
    }
    const problem = problemIn(method, options);
    if (problem !== undefined) {
      context.issues.push({ code: "custom", message: problem, input: given });
      return z.NEVER;
    }
    return { name: method.name, ...method.options.parse(options) };
  }),
  `one of ${methodNames.join(", ")}, or such a name and its options as in {name: dm, learningRate: 1}`,
  `how the set is made: ${methodNames.join(", ")}`,
);

/** The method of a checked choice. */
export const methodOf = ({ name }: MethodChoice): Method => findMethod(name)!;

/**
 * A choice of method in place of a recipe's own: it takes over what the recipe sets of the same method, or of the one of which it is
 * an ablation; `iterations` is the recipe's, where it has such.
 */
export const inherited = (method: Method, own: MethodChoice, iterations: number | undefined): MethodChoice => {
  const known = optionsOf(method);
  const related = own.name === method.name || own.name === method.ablates;
  const taken = Object.entries(own).filter(([option]) => related && known.includes(option));
  const steps = iterations !== undefined && known.includes("iterations") ? { iterations } : {};
  return { name: method.name, ...method.options.parse({ ...Object.fromEntries(taken), ...steps }) };
};

const precisions = z.enum(["F32", "F16", "I8"]).default("F16");

/** How compensators are stored: half floats by methods that have no say in it. */
export const precisionOf = ({ method }: Pick<Recipe, "method">): CompensatorDtype => precisions.parse(method.precision);
