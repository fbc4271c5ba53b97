// The choice of a method in recipes: `infer`, `{name: dm, learningRate: 1}`, "dm learningRate=1" in words.
import { z } from "zod";
import type { Method } from "../../distill/method.ts";
import { best, recommended } from "../../distill/recommended.ts";
import { findMethod, methods } from "../../distill/registry.ts";
import type { MethodChoice, Recipe } from "../../recipe/recipe.ts";
import { type CompensatorDtype, compensatorDtypes } from "../../sets/index.ts";
import { aboutOf, described } from "../../support/fields.ts";
import { shown } from "../../support/schema.ts";
import { didYouMean } from "../../support/suggest.ts";

/** Names that may stand for a method. */
export const methodNames = [...methods.map(({ name }) => name), best];

/** The methods that a name may stand for: one, or those that are recommended for one thing or another. */
export const methodsOf = (name: string): readonly Method[] =>
  name === best ? recommended : methods.filter((method) => method.name === name);

/** Names of a method's own options. */
export const optionsOf = (method: Method): readonly string[] => Object.keys(method.options.shape);

/** `storage` of every method stands first; it is told apart by its name. */
const fieldOf = (method: Method, option: string): z.ZodType => method.options.shape[option] as z.ZodType;

/** A name as it may stand in a message: the slip of somebody's script can be of any length. */
const shownName = (name: string): string => (/^[\w-]{1,40}$/.test(name) ? name : shown(name));

/**
 * The value that a text of the command line or of a comparison's entry means to one of some methods; undefined where to none.
 */
export const optionValue = (meant: readonly Method[], option: string, text: string): unknown => {
  const readings = meant
    .filter((method) => optionsOf(method).includes(option))
    .flatMap((method) =>
      (text === "" ? [] : [text, Number(text)]).map((value) => fieldOf(method, option).safeParse(value)),
    );
  return readings.find(({ success }) => success)?.data;
};

/** The problem with an option of a method, `value` being what was read; undefined where there is none. */
const optionProblem = (method: Method, option: string, value: unknown): string | undefined => {
  const known = optionsOf(method);
  if (!known.includes(option)) {
    const others = methods.filter((one) => optionsOf(one).includes(option)).map(({ name }) => name);
    const whose = others.length > 0 ? ` (an option of ${others.join(", ")})` : "";
    return `${method.name} has no option ${shownName(option)}${didYouMean(option, known) || whose}; it has ${known.join(", ")}`;
  }
  const field = fieldOf(method, option);
  return field.safeParse(value).success
    ? undefined
    : `${option}: expected ${aboutOf(field).expects}, got ${shown(value)}`;
};

/** True for an option of a set's storage, not of its content. */
export const isStored = (meant: readonly Method[], option: string): boolean =>
  meant.some((method) => optionsOf(method).includes(option) && aboutOf(fieldOf(method, option)).storage === true);

/** The first problem that options are to each of some methods; undefined where one takes all of them. */
export const problemIn = (meant: readonly Method[], options: Readonly<Record<string, unknown>>): string | undefined => {
  const problems = meant.map((method) =>
    Object.entries(options)
      .map(([option, value]) => optionProblem(method, option, value))
      .find((problem) => problem !== undefined),
  );
  if (problems.includes(undefined)) return undefined;
  const names = meant.map(({ name }) => name);
  return `${names.length > 1 ? `none of ${names.join(", ")} takes it: ` : ""}${problems[0]}`;
};

/** A method's name, or its name and options; what is left out has the method's default, which is written out. */
export const methodSchema = described(
  z.unknown().transform((given, context): MethodChoice => {
    const { name, ...options }: Readonly<Record<string, unknown>> =
      typeof given === "object" && given !== null ? { ...given } : { name: given };
    const meant = methodsOf(String(name));
    if (meant.length === 0) {
      context.issues.push({ code: "invalid_value", values: methodNames, input: name, path: ["name"] });
      return z.NEVER;
    }
    const problem = problemIn(meant, options);
    if (problem !== undefined) {
      context.issues.push({ code: "custom", message: problem, input: given });
      return z.NEVER;
    }
    // The defaults of what is only settled once the data are known are not known either.
    return name === best ? { name, ...options } : { name: String(name), ...meant[0]!.options.parse(options) };
  }),
  `one of ${methodNames.join(", ")}, or such a name and its options as in {name: dm, learningRate: 1}`,
  `how the set is made: ${methodNames.join(", ")}`,
);

/** The method of a checked choice. */
export const methodOf = ({ name }: MethodChoice): Method => findMethod(name)!;

/**
 * A choice of method in place of a recipe's own: it takes over what the recipe sets of the same method, or of the one of which
 * it is an ablation; `iterations` is the recipe's, where it has such.
 */
export const inherited = (method: Method, own: MethodChoice, iterations: number | undefined): MethodChoice => {
  const known = optionsOf(method);
  const related = own.name === method.name || own.name === method.ablates;
  const taken = Object.entries(own).filter(([option]) => related && known.includes(option));
  const steps = iterations !== undefined && known.includes("iterations") ? { iterations } : {};
  return { name: method.name, ...method.options.parse({ ...Object.fromEntries(taken), ...steps }) };
};

const precisions = z.enum(compensatorDtypes).default("F16");

/** The type of stored compensators: half floats by methods that have no say in it. */
export const precisionOf = ({ method }: Pick<Recipe, "method">): CompensatorDtype => precisions.parse(method.precision);
