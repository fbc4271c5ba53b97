// The methods in the help, and their options on the command line.
import { Option } from "commander";
import { z } from "zod";
import type { Method } from "../distill/method.ts";
import { best, recommended } from "../distill/recommended.ts";
import { methods } from "../distill/registry.ts";
import type { RecipeCommand } from "../pipeline/commands.ts";
import { methodsOf, optionsOf, optionValue, problemIn } from "../pipeline/recipe/method.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { DistilleryError } from "../support/errors.ts";
import { aboutOf } from "../support/fields.ts";
import { shown } from "../support/schema.ts";

const flag = "--method-option";

/** Splits "name=value". */
const parsePair = (text: string): readonly [string, string] => {
  const [name = "", value] = text.split(/=(.*)/s);
  if (name.trim() !== "" && value !== undefined) return [name.trim(), value.trim()];
  throw new DistilleryError(
    "USAGE",
    `${flag}: expected NAME=VALUE as in ${flag} alpha=0.5, got ${shown(text)}; \`distillery run --help-all\` lists the options of each method`,
  );
};

/** The option for options of the method, to be given once for each. */
export const methodOption = (): Option =>
  new Option(
    `${flag} <name=value>`,
    "an option of the method as listed below; give it again for each further one",
  ).argParser((text, before: readonly string[] = []) => {
    parsePair(text);
    return [...before, text];
  });

/** The value of one option of the methods that may be meant. @throws DistilleryError USAGE. */
const valueIn = (meant: readonly Method[], name: string, text: string): unknown => {
  const value = optionValue(meant, name, text);
  if (value !== undefined) return value;
  throw new DistilleryError("USAGE", `${flag} ${name}=${text}: ${problemIn(meant, { [name]: text })}`);
};

/**
 * A recipe with what was given as options of its method, each "name=value".
 * @throws DistilleryError USAGE where the method has no such option, or not with that value, or where a comparison has methods.
 */
export const withMethodOptions = (recipe: Recipe, given: unknown, command: RecipeCommand): Recipe => {
  if (given === undefined) return recipe;
  const words = z.array(z.string()).parse(given);
  const { name: methodName } = recipe.method;
  if (command === "compare") {
    throw new DistilleryError(
      "USAGE",
      `${flag} is for the other commands; write it behind its method, as in --compare-methods "${methodName} ${words.join(" ")},random"`,
    );
  }
  const pairs = words.map(parsePair);
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new DistilleryError("USAGE", `${flag}: ${twice} is given more than once; give it once`);
  const options = Object.fromEntries(pairs.map(([name, text]) => [name, valueIn(methodsOf(methodName), name, text)]));
  return { ...recipe, method: { ...recipe.method, ...options } };
};

const defaultOf = (method: Method, name: string): unknown => method.options.parse({})[name];

/** `alpha=1  weight of ...`: an option with its default and its help. */
const optionLine = (method: Method, name: string): string => {
  const value = defaultOf(method, name);
  const usual = value === undefined ? name : `${name}=${String(value)}`;
  return `${usual.padEnd(20)} ${aboutOf(method.options.shape[name] as z.ZodType).help}`;
};

/** Options that every method has. */
const shared = optionsOf(methods[0]!).filter((name) => methods.every((method) => optionsOf(method).includes(name)));

const methodLines = (method: Method): string[] => {
  const { name, title, paper, about } = method;
  const cited = paper === undefined ? title : `${title} (arXiv ${paper})`;
  const unusual = (option: string): boolean => defaultOf(method, option) !== defaultOf(methods[0]!, option);
  const own = optionsOf(method).filter((option) => !shared.includes(option) || unusual(option));
  return [`  ${name.padEnd(18)} ${cited}: ${about}`, ...own.map((option) => `    ${optionLine(method, option)}`)];
};

/** Every method with its options, for the help. */
export const methodList = (): string =>
  [
    "",
    'Methods and their options, as in --method infer --method-option alpha=0.5 or --compare-methods "infer alpha=0.5,random":',
    `  ${best.padEnd(18)} what our measurements recommend for the data, budget and labels: ${recommended.map(({ name }) => name).join(" or ")}`,
    ...methods.flatMap(methodLines),
    "  every method",
    ...shared.map((option) => `    ${optionLine(methods[0]!, option)}`),
  ].join("\n");
