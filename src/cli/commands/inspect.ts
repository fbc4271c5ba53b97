// The command that prints a set's manifest.
import { openSetAt } from "../../hub/open-set.ts";
import { describeSharing } from "../../sets/budget.ts";
import { type SetBytes, setBytes } from "../../sets/bytes.ts";
import { describeCompensators } from "../../sets/compensator-codec.ts";
import { describeLabels } from "../../sets/labels/choose.ts";
import { wordsOf } from "../../sets/manifest/manifest.ts";
import { describeOrigin } from "../../sets/pixels.ts";
import { readManifest } from "../../sets/read.ts";
import type { Manifest } from "../../sets/set.ts";
import { formatBytes, formatCount, plural, printable } from "../../support/format.ts";
import { isFields } from "../../support/json.ts";
import { type CliCommand, print, setArgument, working } from "../command.ts";
import { findSets } from "../find-sets.ts";
import { filled, type OptionValues } from "../options.ts";
import type { Outcome } from "../output.ts";
import { coloursFor, factSheet, type Output, widthOf } from "../output.ts";

/** Items joined by spaces, broken into lines of at most `width` characters. */
const wrapped = (items: readonly string[], width: number): string => {
  const lines: string[] = [];
  for (const text of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  return lines.join("\n");
};

/** Texts by their names, each from a new line on. */
const lines = (texts: object, room: number): string =>
  Object.entries(texts)
    .map(([name, text]) => wrapped(printable(`${name}: ${text}`).split(" "), room))
    .join("\n");

/** Every item but the last with a comma behind it. */
const listed = (items: readonly string[]): string[] =>
  items.map((item, i) => (i < items.length - 1 ? `${item},` : item));

/** `a 1, b.c 2`: the fields of a nested value in one line. */
const flat = (value: unknown, path = ""): string[] => {
  if (isFields(value))
    return Object.entries(value).flatMap(([name, inner]) => flat(inner, path === "" ? name : `${path}.${name}`));
  const word = (item: unknown): string => (typeof item === "object" ? JSON.stringify(item) : String(item));
  return [`${path} ${Array.isArray(value) ? value.map(word).join("+") : word(value)}`];
};

/** A recipe: its own fields, and a line for each of its groups; what is too long for a line goes on below, indented. */
const recipeOf = (recipe: Readonly<Record<string, unknown>>, room: number): string => {
  const fields = Object.entries(recipe);
  const groups = fields.filter(([, value]) => isFields(value));
  const own = Object.fromEntries(fields.filter(([, value]) => !isFields(value)));
  const lines = (value: unknown, width: number): string => wrapped(listed(flat(value).map(printable)), width);
  const indent = Math.max(0, ...groups.map(([name]) => printable(name).length)) + 2;
  return [
    lines(own, room),
    ...groups.map(
      ([name, value]) =>
        printable(name).padEnd(indent) + lines(value, room - indent).replaceAll("\n", `\n${" ".repeat(indent)}`),
    ),
  ].join("\n");
};

/** Index and name of every class; what people call them may hold commas, so that then each has its line. */
const classesOf = (manifest: Manifest, room: number): string => {
  const names = manifest.classes.map((name, index) => `${index} ${printable(name)}`);
  if (manifest.words === undefined) return wrapped(listed(names), room);
  const longest = Math.max(...names.map(({ length }) => length));
  return names
    .map((name, c) => `${name.padEnd(longest)}  ${printable(wordsOf(manifest, c) ?? "")}`.trimEnd())
    .join("\n");
};

const textOf = (manifest: Manifest, bytes: SetBytes, stdout: Output, width: number): string => {
  const { budget, classes, decoding, image, normalisation, storage, teachers, training } = manifest;
  const room = Math.max(40, width - 16);
  const channels = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(" ");
  return factSheet(
    [
      [
        "data",
        `${printable(manifest.data)}, ${plural(classes.length, "class", "classes")}, images ${image.width}x${image.height}`,
      ],
      ["method", printable(manifest.method)],
      ["classes", classesOf(manifest, room)],
      [
        "budget",
        `ipc ${budget.ipc}: ${plural(budget.bases, "base set")} (${plural(budget.bases * classes.length, "image")}) + ${plural(budget.compensators, "compensator")} = ${plural(budget.trainingImages, "training image")}`,
      ],
      [
        "teachers",
        teachers
          .map((t) => `${printable(t.architecture)}, ${t.accuracy.toFixed(1)} % on the test set, sha256 ${t.sha256}`)
          .join("\n") || "none",
      ],
      ["images", `${describeOrigin(manifest.pixels)}, stored as ${storage.kind}, ${storage.width}x${storage.height}`],
      ...(decoding === "" ? [] : ([["decoding", wrapped(printable(decoding).split(" "), room)]] as const)),
      ["compensators", [describeCompensators(manifest.compensators.dtype), ...describeSharing(budget)].join(", ")],
      ["labels", describeLabels(manifest.labels, classes.length)],
      [
        "bytes",
        [
          `total         ${formatBytes(bytes.total)} (${formatCount(bytes.total)} bytes)`,
          ...(["bases", "compensators", "labels", "manifest"] as const).map(
            (part) => `${part.padEnd(14)}${formatBytes(bytes[part])}`,
          ),
        ].join("\n"),
      ],
      [
        "normalisation",
        `mean ${channels(normalisation.mean)}, standard deviation ${channels(normalisation.std)} (of pixel / 255; red, green, blue)`,
      ],
      ...(training === undefined ? [] : ([["training", lines(training, room)]] as const)),
      ["recipe", recipeOf(manifest.recipe, room)],
      ["seed", String(manifest.seed)],
      ["sha256", manifest.sha256 ?? "none: the manifest is of version 1 or 2"],
      ["notice", wrapped(printable(manifest.notice).split(" "), room)],
    ],
    coloursFor(stdout),
  );
};

/** Prints the manifest of the set in a folder; its parts are weighed by the manifest, not checked (see verify). */
export const inspectSet = async (folder: string, stdout: Output, width: number): Promise<Outcome> => {
  const { manifest, bytes: manifestBytes } = await readManifest(folder);
  const bytes = setBytes(manifest, manifestBytes);
  return { text: textOf(manifest, bytes, stdout, width), json: { ...manifest, bytes } };
};

/** A line for each set of a comparison. */
const listSets = async (folder: string, sets: readonly string[], stdout: Output): Promise<Outcome> => {
  const found: { readonly folder: string; readonly method: string; readonly bytes: SetBytes }[] = [];
  for (const set of sets) {
    const { manifest, bytes } = await readManifest(set);
    found.push({ folder: set, method: manifest.method, bytes: setBytes(manifest, bytes) });
  }
  const facts = found.map(
    ({ folder: set, method, bytes }) => [printable(set), `${printable(method)}, ${formatBytes(bytes.total)}`] as const,
  );
  const head = `${printable(folder)} holds ${plural(sets.length, "set")}; name one of them:`;
  return { text: `${head}\n${factSheet(facts, coloursFor(stdout))}`, json: { folder, sets: found } };
};

/** Says what a folder holds: a set, a run with its only set, or the sets of a comparison. */
const inspectFolder = async (folder: string, stdout: Output): Promise<Outcome> => {
  const sets = await findSets(folder);
  const [only] = sets;
  if (sets.length > 1 || only === undefined) return listSets(folder, sets, stdout);
  const outcome = await inspectSet(only, stdout, widthOf(stdout));
  return only === folder
    ? outcome
    : { ...outcome, text: `the set of ${printable(folder)} is ${printable(only)}\n\n${outcome.text}` };
};

export const inspect: CliCommand = {
  name: "inspect",
  description: "say what a distilled set is: data, budget, teachers, bytes, recipe",
  define: (command, world) => {
    command
      .argument(
        "<set>",
        `${setArgument}, or a folder of a run or comparison that made some`,
        filled("set", "the folder of a distilled set"),
      )
      .option("--json", "print its manifest and bytes by part as JSON")
      .action(async (set: string, values: OptionValues) => {
        const folder = await working(world, (tools) => openSetAt(set, tools));
        print(world, await inspectFolder(folder, world.stdout), values);
      });
  },
};
