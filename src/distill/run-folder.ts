import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import type { Curve } from "../report/report.ts";
import { DistilleryError } from "../support/errors.ts";
import { readJson, writeAtomic, writeJson } from "../support/files.ts";
import type { Recipe } from "./recipe.ts";
import { recipeToYaml } from "./recipe-file.ts";
import { parseRecipe } from "./recipe-parse.ts";
import { recipeFields } from "./recipe-schema.ts";

/** A run's folder, its artefacts numbered in the order in which they are made. */
export interface RunFolder {
  readonly path: string;
  readonly dataset: string;
  readonly teachers: string;
  /** What `teach` reports. */
  readonly teachersJson: string;
  readonly compensators: string;
  /** What methods other than INFER work on. */
  readonly images: string;
  readonly set: string;
  readonly students: string;
  /** What was measured while the set was made. */
  readonly curves: string;
  /** Seconds by stage. */
  readonly seconds: string;
  readonly reportJson: string;
  readonly reportHtml: string;
}

export const runFolder = (path: string): RunFolder => ({
  path,
  dataset: join(path, "1-dataset.json"),
  teachers: join(path, "2-teachers"),
  teachersJson: join(path, "teachers.json"),
  compensators: join(path, "3-compensators"),
  images: join(path, "3-images"),
  set: join(path, "4-set"),
  students: join(path, "5-students"),
  curves: join(path, "curves.json"),
  seconds: join(path, "seconds.json"),
  reportJson: join(path, "report.json"),
  reportHtml: join(path, "report.html"),
});

const recipeName = "recipe.yaml";
/** What a run has written before its first result. */
const beginningsOf = ({ dataset, seconds }: RunFolder): ReadonlySet<string> =>
  new Set([recipeName, basename(seconds), basename(dataset)]);

const recipeFile = (folder: RunFolder): string => join(folder.path, recipeName);

const readText = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new DistilleryError("DATA", `cannot read ${file}: ${error.message}`, { cause: error });
  });

/** Files of an unfinished write, which a killed process left: `<name>.<number>`. */
const halfWritten = /\.(yaml|json|html|md|safetensors|partial)\.\d+$/;

/** Names of what lies in a folder, none where there is none. */
const entriesOf = (path: string, recursive = false): Promise<string[]> =>
  readdir(path, { recursive }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new DistilleryError("USAGE", `--out ${path} cannot be used as a folder (${error.code}); choose another`, {
      cause: error,
    });
  });

const sweep = async (folder: RunFolder): Promise<void> => {
  for (const name of await entriesOf(folder.path, true)) {
    if (halfWritten.test(name)) await rm(join(folder.path, name), { force: true });
  }
};

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], value);

/** The recipe in a file's text, with defaults for fields that it does not know yet; as it stands where it is none. */
const completed = (text: string): unknown => {
  const value: unknown = parse(text);
  try {
    return parseRecipe(value, recipeName);
  } catch {
    return value;
  }
};

/** `ipc: 10 there, 20 now` for every field in which two recipes differ. */
const differences = (before: unknown, after: unknown): string => {
  const text = (value: unknown): string => (value === undefined ? "nothing" : [value].flat().join(","));
  const different = recipeFields
    .map(({ path }) => ({ name: path.join("."), was: text(valueAt(before, path)), is: text(valueAt(after, path)) }))
    .filter(({ was, is }) => was !== is);
  return different.map(({ name, was, is }) => `${name}: ${was} there, ${is} now`).join("; ");
};

/**
 * Claims a folder for a recipe. A folder in which the same recipe was run before is taken up again, and one in which
 * another recipe came to nothing is taken over.
 * @throws USAGE when the folder holds work of another recipe, naming the fields that differ, or things that are not ours.
 */
export const claimFolder = async (folder: RunFolder, recipe: Recipe): Promise<void> => {
  const wanted = recipeToYaml(recipe);
  const entries = (await entriesOf(folder.path)).filter((name) => !halfWritten.test(name));
  const found = entries.includes(recipeName) ? await readText(recipeFile(folder)) : undefined;
  if (found === undefined && entries.length > 0) {
    throw new DistilleryError(
      "USAGE",
      `--out ${folder.path} holds files that are not of a run (${entries.slice(0, 3).join(", ")}); choose an empty or new folder`,
    );
  }
  await sweep(folder);
  if (found === wanted) return;
  const there = found === undefined ? undefined : completed(found);
  const same = isDeepStrictEqual(there, recipe);
  if (there !== undefined && !same && entries.some((name) => !beginningsOf(folder).has(name))) {
    throw new DistilleryError(
      "USAGE",
      `--out ${folder.path} holds a run of another recipe (${differences(there, recipe)}); ` +
        "choose another --out, or give the same recipe to resume",
    );
  }
  if (!same) await rm(folder.seconds, { force: true });
  await writeAtomic(recipeFile(folder), wanted);
};

/** Seconds by stage, over all the times that a run was taken up. */
export const readSeconds = async (folder: RunFolder): Promise<Record<string, number>> =>
  (await readJson(folder.seconds)) ?? {};

/** What was measured while the set in this folder was made. */
export const readCurves = async (folder: RunFolder): Promise<readonly Curve[]> => (await readJson(folder.curves)) ?? [];

/** Runs a stage and adds its time to the folder's account, also when it fails; `before` are milliseconds spent already. */
export const timed = async <T>(folder: RunFolder, stage: string, work: () => Promise<T>, before = 0): Promise<T> => {
  const started = performance.now();
  const account = async (): Promise<void> => {
    const seconds = await readSeconds(folder);
    const total = (seconds[stage] ?? 0) + (before + performance.now() - started) / 1000;
    await writeJson(folder.seconds, { ...seconds, [stage]: Math.round(1000 * total) / 1000 });
  };
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // On a full disk the account cannot be written either; the first failure says more.
    await account().catch(() => undefined);
    throw error;
  }
  await account();
  return result;
};
