import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { writeAtomic, writeJson } from "../support/files.ts";
import type { Recipe } from "./recipe.ts";
import { recipeToYaml } from "./recipe-file.ts";

/** A run's folder, its artefacts numbered in the order in which they are made. */
export interface RunFolder {
  readonly path: string;
  readonly dataset: string;
  readonly teachers: string;
  readonly compensators: string;
  readonly set: string;
  readonly students: string;
  readonly reportJson: string;
  readonly reportHtml: string;
}

export const runFolder = (path: string): RunFolder => ({
  path,
  dataset: join(path, "1-dataset.json"),
  teachers: join(path, "2-teachers"),
  compensators: join(path, "3-compensators"),
  set: join(path, "4-set"),
  students: join(path, "5-students"),
  reportJson: join(path, "report.json"),
  reportHtml: join(path, "report.html"),
});

const recipeFile = (folder: RunFolder): string => join(folder.path, "recipe.yaml");
const secondsFile = (folder: RunFolder): string => join(folder.path, "seconds.json");

const readText = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new DistilleryError("DATA", `cannot read ${file}: ${error.message}`, { cause: error });
  });

/**
 * Claims a folder for a recipe. A folder in which the same recipe was run before is taken up again.
 * @throws USAGE when the folder holds a run of another recipe, naming the lines that differ, or things that are not ours.
 */
export const claimFolder = async (folder: RunFolder, recipe: Recipe): Promise<void> => {
  const wanted = recipeToYaml(recipe);
  const found = await readText(recipeFile(folder));
  if (found === undefined) {
    const entries = await readdir(folder.path).catch(() => []);
    if (entries.length > 0) {
      throw new DistilleryError(
        "USAGE",
        `--out ${folder.path} holds files that are not of a run (${entries.slice(0, 3).join(", ")}); choose an empty or new folder`,
      );
    }
    return writeAtomic(recipeFile(folder), wanted);
  }
  if (found === wanted) return;
  const now = new Set(wanted.split("\n"));
  const before = found
    .split("\n")
    .filter((line) => !now.has(line))
    .map((line) => line.trim());
  const was = new Set(found.split("\n"));
  const after = wanted
    .split("\n")
    .filter((line) => !was.has(line))
    .map((line) => line.trim());
  throw new DistilleryError(
    "USAGE",
    `--out ${folder.path} holds a run of another recipe (there: ${before.join(", ") || "nothing"}; now: ${after.join(", ") || "nothing"}); ` +
      "choose another --out, or give the same recipe to resume",
  );
};

/** Seconds by stage, over all the times that a run was taken up. */
export const readSeconds = async (folder: RunFolder): Promise<Record<string, number>> =>
  JSON.parse((await readText(secondsFile(folder))) ?? "{}") as Record<string, number>;

/** Runs a stage and adds its time to the folder's account, also when it fails; `before` are milliseconds spent already. */
export const timed = async <T>(folder: RunFolder, stage: string, work: () => Promise<T>, before = 0): Promise<T> => {
  const started = performance.now();
  try {
    return await work();
  } finally {
    const seconds = await readSeconds(folder);
    const total = (seconds[stage] ?? 0) + (before + performance.now() - started) / 1000;
    await writeJson(secondsFile(folder), { ...seconds, [stage]: Math.round(1000 * total) / 1000 });
  }
};
