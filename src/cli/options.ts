// Command-line options for the fields of a recipe.
import { basename, join, resolve } from "node:path";
import { Argument, type Command, Option } from "commander";
import { usualMaxPixels } from "../data/decode/unreadable-image.ts";
import { idleFor } from "../data/sources/source.ts";
import type { RecipeCommand } from "../pipeline/commands.ts";
import { defaultsFor } from "../pipeline/recipe/defaults.ts";
import { loadRecipe } from "../pipeline/recipe/file.ts";
import { idleField } from "../pipeline/recipe/idle-fields.ts";
import { mergeFields, parseRecipe } from "../pipeline/recipe/parse.ts";
import { type RecipeField, recipeFields } from "../pipeline/recipe/schema.ts";
import { explainIssue } from "../recipe/explain-issue.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { DistilleryError } from "../support/errors.ts";
import { isFields } from "../support/json.ts";
import { methodOption, withMethodOptions } from "./methods.ts";
import { findRecipe } from "./recipes.ts";
import { meansSomething } from "./relevance.ts";
import { valuesOf } from "./values.ts";

/** Values that commander collects, by attribute name, e.g. studentEpochs. */
export type OptionValues = Readonly<Record<string, unknown>>;

/** Fields whose option is shorter than their path. */
const shortNames: Readonly<Record<string, string>> = {
  "student.temperature": "temperature",
  "student.mixup": "mixup",
};

const placeholders: Readonly<Record<Exclude<RecipeField["kind"], "flag">, string>> = {
  number: "n",
  text: "name",
  list: "a,b",
  numbers: "n,n",
};

const valueNameOf = ({ kind, placeholder }: RecipeField): string =>
  kind === "flag" ? "" : ` <${placeholder ?? placeholders[kind]}>`;

const headings: Readonly<Record<string, string>> = {
  teacher: "Training of teachers:",
  student: "Training of students on the set:",
  full: "Training of students on the full data:",
  compare: "What compare puts side by side:",
};

/** `--learning-rate` for learningRate. */
export const flagNamed = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const flagOf = ({ path }: RecipeField): string => flagNamed(shortNames[path.join(".")] ?? path.join("-"));

const attributeOf = (field: RecipeField): string => new Option(flagOf(field)).attributeName();

const numberOr = (text: string): number | string =>
  text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;

const convert = (kind: RecipeField["kind"], text: string): unknown => {
  switch (kind) {
    case "list":
      return text.split(",").map((item) => item.trim());
    case "numbers":
      return text.split(",").map(numberOr);
    case "number":
      return numberOr(text);
    default:
      return text;
  }
};

/** The value of an option's text, by the recipe's own schema. */
const parseOption = (field: RecipeField, flag: string, text: string): unknown => {
  const value = convert(field.kind, text);
  const issue = field.schema.safeParse(value).error?.issues[0];
  if (issue === undefined) return value;
  const item: unknown = Array.isArray(value) && typeof issue.path[0] === "number" ? value[issue.path[0]] : value;
  throw new DistilleryError("USAGE", `${flag}: ${explainIssue(issue, field.expects, item)}`);
};

const defaultAt = (data: string, path: readonly string[]): string | undefined => {
  const value = path.reduce<unknown>(
    (at, step) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[step] : undefined),
    defaultsFor(data),
  );
  if (value === undefined || typeof value === "boolean") return undefined;
  return isFields(value) ? String(value.name) : String(value);
};

/** `help (default)`, and the demo's own default where it has one. */
const helpOf = ({ help, path }: RecipeField): string => {
  const usual = defaultAt("", path);
  const demo = defaultAt("demo", path);
  const said = [usual ?? [], demo === undefined || demo === usual ? [] : `demo: ${demo}`].flat();
  return said.length === 0 ? help : `${help} (${said.join("; ")})`;
};

const optionOf = (field: RecipeField, flag = flagOf(field), help = helpOf(field)): Option => {
  const option = new Option(`${flag}${valueNameOf(field)}`, help).helpGroup(
    headings[field.path.length > 1 ? (field.path[0] ?? "") : ""] ?? "Recipe:",
  );
  option.argChoices = [...valuesOf(field)];
  // A flag takes no text that would have to be parsed.
  return field.kind === "flag" ? option : option.argParser((text) => parseOption(field, flag, text));
};

const fieldAt = (path: string): RecipeField => {
  const field = recipeFields.find((one) => one.path.join(".") === path);
  if (field === undefined) throw new RangeError(`recipe has no field ${path}`);
  return field;
};

/** The option of one field of the recipe that is not in a group, for a command that needs only a few. */
export const optionFor = (name: keyof Recipe): Option => optionOf(fieldAt(name)).helpGroup("Options:");

/** The option of one field of a group, `student.epochs`, for a command with a flag of its own and other defaults. */
export const settingFor = (path: string, flag: string, help = fieldAt(path).help): Option =>
  optionOf(fieldAt(path), flag, help).helpGroup("Settings, by default those of the set's recipe:");

/** A field of the recipe as an argument in place of its option. */
export const argumentFor = (name: keyof Recipe): Argument => {
  const field = fieldAt(name);
  const argument = new Argument(`[${name}]`, field.help).argParser((text) => parseOption(field, flagOf(field), text));
  argument.argChoices = [...valuesOf(field)];
  return argument;
};

/** Parses what is no field of a recipe. */
export const parseCount =
  (flag: string) =>
  (text: string): number => {
    if (/^[1-9]\d*$/.test(text)) return Number(text);
    throw new DistilleryError("USAGE", `${flag}: expected a whole number of at least 1, got "${text}"`);
  };

/** Says how large an image file may be that is read. It changes no result, so it is no field of a recipe. */
export const maxPixelsOption = (): Option =>
  new Option("--max-pixels <n>", `pixels that an image of a folder may have (${usualMaxPixels})`).argParser(
    parseCount("--max-pixels"),
  );

/** Takes the text of an option or argument; an empty one is the slip of a shell variable that is not set. */
export const filled =
  (name: string, expects: string) =>
  (text: string): string => {
    if (text.trim() !== "") return text;
    throw new DistilleryError("USAGE", `${name}: expected ${expects}, got "${text}"`);
  };

/** Says where results are shared; it changes none, so it is no field of a recipe. */
export const artefactsOption = (): Option =>
  new Option(
    "--artefacts <folder|s3://bucket/prefix>",
    "where results are put and taken from, shared with other machines and --out folders",
  ).argParser(filled("--artefacts", "a folder or s3://BUCKET/PREFIX"));

/** Says whose workers do the jobs. */
export const queueOption = (help: string): Option =>
  new Option("--queue <redis://host>", help).argParser(filled("--queue", "redis://HOST[:PORT] or rediss:// for TLS"));

/** For the published data sets. */
export const archiveOption = (): Option =>
  new Option(
    "--archive <file>",
    "for cifar10 and cifar100: a local archive, or a folder with its unpacked files",
  ).argParser(filled("--archive", "a file or folder"));

/** Says where the fields of a recipe are. */
export const recipeOption = (): Option =>
  new Option(
    "--recipe <name|file>",
    "YAML or JSON file with the fields of a recipe, or a name of `distillery recipes`; options win over it",
  ).argParser(filled("--recipe", "a file or a name of `distillery recipes`"));

/** Sets the threads of each job: `usual` says what they are otherwise. */
export const threadsOption = (usual: string): Option =>
  new Option("--threads <n>", `threads of each job (${usual})`).argParser(parseCount("--threads"));

/** Gives a command one option for every field of the recipe. */
export const addFieldOptions = (command: Command): Command => {
  for (const field of recipeFields) {
    const hidden = !meansSomething(command.name(), field.path);
    command.addOption(optionOf(field).hideHelp(hidden));
    if (field.path[0] === "method") command.addOption(methodOption().helpGroup("Recipe:").hideHelp(hidden));
  }
  return command;
};

/** Gives a command the options of a recipe, and those that say where things are and how they are done. */
export const addRecipeOptions = (command: Command): Command =>
  addFieldOptions(
    command
      .optionsGroup("Files and output:")
      .addOption(recipeOption())
      .option(
        "--out <folder>",
        "where everything goes, and what to resume from (runs/<data>; compare: runs/compare-<data>)",
        filled("--out", "a folder"),
      )
      .addOption(archiveOption())
      .option("--json", "print the result as JSON on standard output; messages stay on standard error")
      .option("--dry-run", "say what would be done, how long it takes and what the set weighs; nothing is written")
      .addOption(
        new Option(
          "--jobs <n>",
          "how many independent jobs run side by side (as many as cores and memory allow)",
        ).argParser(parseCount("--jobs")),
      )
      .addOption(threadsOption("cores are shared among those that run side by side; with --queue: 1"))
      .addOption(maxPixelsOption())
      .addOption(artefactsOption())
      .addOption(queueOption("put the jobs on this Redis for `distillery work` on any number of machines")),
  );

/** The fields that were given as options, nested as in a recipe file. */
const givenFields = (values: OptionValues): Readonly<Record<string, unknown>> =>
  recipeFields.reduce<Readonly<Record<string, unknown>>>((given, field) => {
    const value = values[attributeOf(field)];
    if (value === undefined) return given;
    const nested = field.path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    return mergeFields(given, nested as Readonly<Record<string, unknown>>);
  }, {});

const readFields = async (values: OptionValues): Promise<Recipe> => {
  const given = givenFields(values);
  if (typeof values.recipe === "string") return await loadRecipe(await findRecipe(values.recipe), given);
  if (given.data === undefined) {
    throw new DistilleryError(
      "USAGE",
      "no data given: add --data demo, --data cifar10, --data cifar100 or --data <image folder>, or a --recipe that says so",
    );
  }
  return parseRecipe(given, "command line");
};

/** The error for an option that was given where it means nothing. */
export const idleOption = (flag: string, why: string): DistilleryError =>
  new DistilleryError("USAGE", `${flag} ${why}; leave it out`);

/**
 * The recipe that options and, if named among them, a recipe file make for a command: defaults < file < options.
 * @throws DistilleryError USAGE, also for options that mean nothing to that command by that recipe; RECIPE.
 */
export const recipeFrom = async (values: OptionValues, command: RecipeCommand): Promise<Recipe> => {
  const recipe = withMethodOptions(await readFields(values), values.methodOption, command);
  for (const field of recipeFields) {
    const idle = values[attributeOf(field)] === undefined ? undefined : idleField(recipe, field.path, command);
    if (idle !== undefined) throw idleOption(flagOf(field), idle);
  }
  for (const option of ["archive", "maxPixels"] as const) {
    const idle = values[option] === undefined ? undefined : idleFor(recipe.data, option);
    if (idle !== undefined) throw idleOption(flagNamed(option), idle);
  }
  return recipe;
};

/** The folder that a command works in: --out, or one named for the data, behind a prefix of the command's. */
export const outFolder = (values: OptionValues, recipe: Recipe, prefix = ""): string =>
  typeof values.out === "string" ? values.out : join("runs", `${prefix}${basename(resolve(recipe.data))}`);
