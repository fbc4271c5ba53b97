// Claiming a folder for a run, and taking up an earlier one.
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Recipe } from "../../recipe/recipe.ts";
import { checkSetPlace, isStaging, sweepStaging } from "../../sets/index.ts";
import { DistilleryError } from "../../support/errors.ts";
import { codeOf, makeFolder, notAFolder, reasonOf, writeAtomic } from "../../support/files.ts";
import { noteDamage, readJson } from "../../support/json-files.ts";
import { isLitter } from "../../support/litter.ts";
import { type Holder, holderOf, isLock, type Lock, lockFolder, sweepLocks } from "../../support/lock.ts";
import { isTemporary } from "../../support/temporary.ts";
import type { Progress } from "../../support/work/progress.ts";
import { isArtefact, isForeign } from "./artefacts.ts";
import { rewritten, ungrown } from "./growth.ts";
import { type RunFolder, readCurves, readSeconds } from "./run-folder.ts";
import { differences, readRunRecipe, respell, runRecipe } from "./run-recipe.ts";

/** A folder that a command works in. */
export type Place = Pick<RunFolder, "path">;

/** The error for a folder that a command cannot work in. */
export const refuse = (folder: Place, why: string, cause?: unknown): DistilleryError =>
  new DistilleryError("USAGE", `--out ${folder.path} ${why}`, { cause });

/** Names of what somebody put into a folder, none where there is none. */
export const entriesOf = async (folder: Place): Promise<string[]> => {
  try {
    return (await readdir(folder.path)).filter((name) => ![isLitter, isLock, isTemporary].some((is) => is(name)));
  } catch (cause) {
    const wrong = await notAFolder(folder.path);
    // Nothing at all is there: the folder is going to be made.
    if (codeOf(cause) === "ENOENT" && wrong === "cannot be looked at") return [];
    if (codeOf(cause) === "ENOTDIR" && wrong === "cannot be looked at") {
      throw refuse(folder, "cannot be used as a folder: a part of its path is a file; choose another", cause);
    }
    throw refuse(folder, `cannot be used as a folder: it ${wrong ?? reasonOf(cause)}; choose another`, cause);
  }
};

const inUse = (folder: Place, { pid, host, since, command }: Holder): DistilleryError =>
  refuse(
    folder,
    host === ""
      ? `is in use by another process, since ${since}; try again in a minute, or choose another --out`
      : `is in use by process ${pid} on ${host}, since ${since} (distillery ${command}); wait for its end, stop it, or choose another --out`,
  );

/** Fails where another process works in a folder already. @throws USAGE naming it. */
export const checkFree = async (folder: Place): Promise<void> => {
  const holder = await holderOf(folder.path);
  if (holder !== undefined) throw inUse(folder, holder);
};

/** Locks a folder that is there. @throws USAGE where another process works in it. */
export const lock = async (folder: Place): Promise<Lock> => {
  const taken = await lockFolder(folder.path);
  if ("release" in taken) return taken;
  throw inUse(folder, taken);
};

/** The way to go on in a folder. */
interface Judgement {
  /** The recipe to go on with, in the words of the run that is there. */
  readonly recipe: Recipe;
  /** True where that run is taken up again. */
  readonly resumes: boolean;
  /** The text of the recipe file, where that has to be written. */
  readonly file?: string;
  /** Says in what a run that is taken up is wanted otherwise. */
  readonly note?: string;
}

const datasetSchema = z.looseObject({ fingerprint: z.exactOptional(z.string()) });

/**
 * Tells whether a recipe can be run in a folder, changing nothing. @throws USAGE when the folder holds work of another recipe,
 * naming the fields that differ, or things that are not ours; SET when its set would be replaced and is not ours.
 */
const judge = async (folder: RunFolder, recipe: Recipe, fingerprint: string): Promise<Judgement> => {
  const entries = (await entriesOf(folder)).filter((name) => isStaging(name) !== basename(folder.set));
  const found = await readRunRecipe(folder.recipe);
  if (found === undefined && entries.length > 0) {
    throw refuse(
      folder,
      `holds files that are not of a run (${entries.slice(0, 3).join(", ")}); choose an empty or new folder`,
    );
  }
  for (const name of entries.filter(isArtefact)) {
    if (await isForeign(join(folder.path, name))) {
      throw refuse(
        folder,
        `holds a ${name} that distillery did not write, or that is damaged, and would be written over; move it elsewhere or choose another --out`,
      );
    }
  }
  if (entries.includes(basename(folder.set))) await checkSetPlace(folder.set);
  const anew = { recipe, resumes: false, file: runRecipe(recipe) };
  if (found === undefined) return anew;
  const known = (await readJson(folder.dataset, datasetSchema))?.fingerprint;
  const respelled = respell(recipe, found.recipe, known === fingerprint);
  if (isDeepStrictEqual(found.recipe, respelled)) return { recipe: respelled, resumes: true };
  const same = ungrown(respelled, found.recipe);
  if (isDeepStrictEqual(found.recipe, same)) {
    const note = `${folder.path} goes on with ${differences(found.recipe, respelled)}; what is finished stays`;
    return { recipe: respelled, resumes: true, file: rewritten(found.text, found.recipe, respelled), note };
  }
  const beginnings = [folder.recipe, folder.seconds, folder.dataset].map((path) => basename(path));
  if (found.untouched && entries.every((name) => beginnings.includes(name))) return anew;
  throw refuse(
    folder,
    `holds a run of another recipe (${differences(found.recipe, same)}); ` +
      "choose another --out, or give the same recipe to resume",
  );
};

/** Removes what killed processes left in the middle of writing. The folder is locked: nobody is writing it any more. */
export const sweepFiles = async (path: string, owned: readonly string[] = []): Promise<void> => {
  await sweepLocks(path);
  for (const [place, recursive] of [[path, false], ...owned.map((below) => [below, true] as const)] as const) {
    for (const entry of await readdir(place, { recursive, withFileTypes: true }).catch(() => [])) {
      if (entry.isFile() && isTemporary(entry.name)) await rm(join(entry.parentPath, entry.name), { force: true });
    }
  }
};

const sweep = async ({ path, owned, set }: RunFolder): Promise<void> => {
  await sweepFiles(path, owned);
  await sweepStaging(path, basename(set));
  await sweepStaging(join(path, "sets"));
};

/** A folder that is this process's until it is released. */
export interface Claim extends Lock {
  /** The recipe to go on with: that of the run which is taken up again, where paths may be spelled otherwise. */
  readonly recipe: Recipe;
}

/**
 * Claims a folder for a recipe on data of this fingerprint. A folder in which the same recipe was run before, or one that wants
 * other students of the same set, is taken up again, and one in which another recipe came to nothing is taken over.
 * @throws USAGE when another process works there, or what `judge` says; DISK.
 */
export const claimFolder = async (
  folder: RunFolder,
  given: Recipe,
  fingerprint: string,
  progress: Progress,
): Promise<Claim> => {
  // Before a lock is put into it: a folder that is not ours stays as it is.
  await judge(folder, given, fingerprint);
  await makeFolder(folder.path);
  const held = await lock(folder);
  try {
    const { recipe, resumes, file, note } = await judge(folder, given, fingerprint);
    await sweep(folder);
    if (resumes) {
      const damaged = noteDamage(progress);
      await readSeconds(folder, damaged);
      await readCurves(folder, damaged);
    } else await rm(folder.seconds, { force: true });
    if (file !== undefined) await writeAtomic(folder.recipe, file);
    if (note !== undefined) progress.note(note);
    return { ...held, recipe };
  } catch (error) {
    await held.release();
    throw error;
  }
};
