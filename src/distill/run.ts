import { buildModel, checkArchitecture } from "../models/registry.ts";
import { type Device, openDevice } from "../runtime/index.ts";
import { writeJson } from "../support/files.ts";
import type { CommandContext, Outcome } from "./commands.ts";
import { type Prepared, prepareData } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { describeDataset } from "./reporting.ts";
import { claimFolder, type RunFolder, timed } from "./run-folder.ts";
import type { Teacher } from "./teacher.ts";
import { type Candidate, checkTeachers, findCandidates, obtainTeachers } from "./teachers.ts";

/** What every stage is given: the recipe, where it writes, what it runs on. */
export interface Run<Folder extends RunFolder = RunFolder> {
  readonly recipe: Recipe;
  readonly folder: Folder;
  readonly device: Device;
  readonly data: Prepared;
  readonly context: CommandContext;
}

/** Fails on whatever can be known to be wrong before anything is loaded. */
const checkRecipe = (recipe: Recipe): void => {
  checkTeachers(recipe);
  for (const student of recipe.students) checkArchitecture(student);
};

/**
 * Opens data and device, checks the recipe and, by `check`, what else is given against the data, and only then claims the
 * folder; closes the device at the end.
 */
export const withRun = async <T, Folder extends RunFolder>(
  recipe: Recipe,
  context: CommandContext,
  folder: Folder,
  check: (data: Prepared, candidates: readonly Candidate[]) => Promise<T>,
  work: (run: Run<Folder>, checked: T) => Promise<Outcome>,
): Promise<Outcome> => {
  checkRecipe(recipe);
  const device = await openDevice(recipe.device, { note: context.progress.note });
  try {
    const started = performance.now();
    const data = await prepareData(recipe, context);
    for (const student of recipe.students) buildModel(student, data.task);
    const checked = await check(data, await findCandidates(recipe, data));
    await claimFolder(folder, recipe);
    await timed(folder, "data", async () => undefined, performance.now() - started);
    await writeJson(folder.dataset, {
      ...describeDataset(data),
      normalisation: data.dataset.normalisation,
      skippedFiles: data.dataset.skipped,
    });
    return await work({ recipe, folder, device, data, context }, checked);
  } finally {
    await device.close();
  }
};

/** The teachers of a run, trained where they are not there yet. */
export const teach = ({ recipe, folder, device, data, context }: Run): Promise<Teacher[]> =>
  timed(folder, "teachers", () => obtainTeachers(recipe, data, device, folder.teachers, context));
