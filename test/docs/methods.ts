// The page of docs/methods.md, made of the records of methods and parametrisations.
import type { z } from "zod";
import type { Method } from "../../src/distill/method.ts";
import { best, type Recommendation, recommendations, wordsOf } from "../../src/distill/recommended.ts";
import { baseline, methods } from "../../src/distill/registry.ts";
import { optionsOf } from "../../src/pipeline/recipe/method.ts";
import { type Origin, parametrisations } from "../../src/sets/index.ts";
import { aboutOf } from "../../src/support/fields.ts";

const origins: Readonly<Record<Origin, string>> = {
  natural: "training images as they are",
  crops: "crops of training images",
  "from-natural": "optimised, from training images",
  "from-noise": "optimised, from noise",
};

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

const code = (text: string): string => `\`${text}\``;

/** Options that every method has. */
const shared = optionsOf(methods[0]!).filter((name) => methods.every((method) => optionsOf(method).includes(name)));

const optionRows = (method: Method, names: readonly string[]): string[][] => {
  const defaults = method.options.parse({});
  return names.map((name) => {
    const { expects, help } = aboutOf(method.options.shape[name] as z.ZodType);
    return [code(name), code(String(defaults[name])), expects, help];
  });
};

const optionTable = (method: Method, names: readonly string[]): string =>
  table(["option", "default", "expects", "what it does"], optionRows(method, names));

const methodRow = ({ name, title, paper, about, needs, pixels }: Method): string[] => [
  `[${name}](#${name})`,
  title,
  paper === undefined ? "" : `[${paper}](https://arxiv.org/abs/${paper})`,
  about,
  `${needs.teachers}${needs.statistics === true ? ", with BatchNorm" : ""}`,
  origins[pixels],
];

const methodSection = (method: Method): string => {
  const { name, title, ablates, worksOn } = method;
  const own = optionsOf(method).filter((option) => !shared.includes(option));
  const remarks = [
    ...(name === baseline.name ? ["Every other method is read against it."] : []),
    ...(ablates === undefined
      ? []
      : [`An ablation of ${code(ablates)}: it takes over what a recipe sets of that one.`]),
    ...(worksOn === undefined ? [] : [`It stands on the finished work of ${code(worksOn)}.`]),
    ...(own.length === 0 ? ["No options of its own."] : []),
  ];
  return [
    `### ${name}`,
    `${title}.${remarks.map((remark) => ` ${remark}`).join("")}`,
    ...(own.length === 0 ? [] : [optionTable(method, own)]),
  ].join("\n\n");
};

const upTo = (bound: number): string => (Number.isFinite(bound) ? `up to ${bound}` : "any");

const recommendationRow = ({ upTo: most, labels, method, options, because, results }: Recommendation): string[] => [
  upTo(most.classes),
  upTo(most.side),
  upTo(most.ipc),
  labels.join(" or "),
  code([method, ...wordsOf(options)].join(" ")),
  because,
  `[${results}](../results/${results}/README.md)`,
];

/** The whole page. */
export const methodsPage = (): string =>
  `${[
    "# Methods",
    "<!-- Written by WRITE_DOCS=1 npx vitest run test/docs from the records in src/, which are the place to edit. -->",
    "Ways to make a set. A recipe names one in `method: {name: infer, alpha: 0.5}`; the command line in `--method infer " +
      '--method-option alpha=0.5`, and a comparison in `--compare-methods "infer alpha=0.5,random"`. Labels are another ' +
      "matter: those of all methods are made by all teachers. What each leaves out of its paper stands in its file under " +
      "[src/distill](../src/distill).",
    table(
      ["method", "title", "arXiv", "what it is", "teachers its images need", "where its pixels come from"],
      methods.map(methodRow),
    ),
    "## The best",
    `${code(best)} in place of a method's name stands for the first line that fits, once the data are known: the recipe that a run ` +
      "writes has its name and options, and options that are given go on top.",
    table(
      ["classes", "pixels a side", "images a class", "labels", "method", "because", "measured in"],
      recommendations.map(recommendationRow),
    ),
    "## Options of every method",
    optionTable(methods[0]!, shared),
    "Storages; [one-thing-one-record](decisions/one-thing-one-record.md) says why they are no methods:",
    table(
      ["storage", "what it is", "images in the values of one"],
      parametrisations.map(({ kind, about, perImage }) => [code(kind), about, String(perImage)]),
    ),
    "## Options of each",
    ...methods.map(methodSection),
  ].join("\n\n")}\n`;
