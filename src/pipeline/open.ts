// A command at work: its data, device, teachers and folder, opened and checked.

import { loadNetworks } from "../models/own/load-networks.ts";
import { untraceable } from "../models/own/onnx-file.ts";
import { buildModel } from "../models/registry.ts";
import { type Prepared, prepareData } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Work } from "../recipe/work.ts";
import { openDevice } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { writeJson } from "../support/files.ts";
import type { Context } from "../support/work/context.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { checkStudentName, networkFiles } from "../teachers/teacher-names.ts";
import { type Candidate, checkTeachers, findCandidates, obtainTeachers } from "../teachers/teachers.ts";
import type { CommandContext } from "./commands.ts";
import { type Claim, checkFree, claimFolder } from "./folder/claim.ts";
import { type RunFolder, timed } from "./folder/run-folder.ts";
import { plainRecipe } from "./recipe/file.ts";
import { type Settled, settleMethod } from "./recipe/settle.ts";
import { settleSteps } from "./recipe/steps.ts";
import { describeDataset } from "./reporting.ts";

/** A command at work: as `Work`, with all of a run's folder. */
export interface Run<Folder extends RunFolder = RunFolder> extends Omit<Work, "folder"> {
  readonly folder: Folder;
  /** Resolution of `best` and its reason, where the recipe asked for that. */
  readonly best?: string;
}

/** Fails on whatever can be known to be wrong before anything is loaded. */
const checkRecipe = (recipe: Recipe): void => {
  checkTeachers(recipe);
  for (const student of recipe.students) checkStudentName(student);
};

/** Fails on students that do not fit the data, and on two names of one network: its rows would stand there twice. */
const checkStudents = ({ students }: Recipe, { task }: Prepared): void => {
  const known = new Map<string, string>();
  for (const student of students) {
    const { name, opaque } = buildModel(student, task);
    if (opaque !== undefined) throw new DistilleryError("RECIPE", `students: ${student}: ${untraceable(opaque.lacks)}`);
    const before = known.get(name);
    if (before !== undefined) {
      const { height, width } = task.image;
      throw new DistilleryError(
        "RECIPE",
        `students: ${before} and ${student} are the same network, ${name}, for images of ${height}x${width}; leave one out`,
      );
    }
    known.set(name, student);
  }
};

/**
 * Opens data and device, settles the recipe by them, checks it and, by `check`, what else is given against the data, and only
 * then claims the folder. Whoever has the run disposes of it: the device is closed and the folder let go of.
 */
export const openRun = async <T, Folder extends RunFolder>(
  given: Recipe,
  context: CommandContext,
  folder: Folder,
  check: (recipe: Recipe, data: Prepared, candidates: readonly Candidate[], context: Context) => Promise<T>,
  settle: (recipe: Recipe, data: Prepared) => Settled = settleMethod,
): Promise<Run<Folder> & AsyncDisposable & { readonly checked: T }> => {
  await loadNetworks(networkFiles(given.teachers, given.students));
  checkRecipe(given);
  await checkFree(folder);
  const { threads, executor, progress } = context;
  const device = await openDevice(given.device, { note: progress.note, ...(threads !== undefined && { threads }) });
  let claim: Claim | undefined;
  const dispose = async (): Promise<void> => {
    await device.close();
    await claim?.release();
  };
  try {
    const started = performance.now();
    const data = await prepareData(given, context);
    const { recipe: counted, notes } = settleSteps(given, data);
    for (const note of notes) context.progress.note(note);
    const { recipe, ...settled } = settle(counted, data);
    if (settled.best !== undefined) context.progress.note(settled.best);
    checkStudents(recipe, data);
    const checked = await check(recipe, data, await findCandidates(recipe, data), context);
    claim = await claimFolder(folder, recipe, data.fingerprint, context.progress);
    await executor?.begin({ recipe: plainRecipe(claim.recipe), fingerprint: data.fingerprint });
    await timed(folder, "data", async () => undefined, performance.now() - started);
    await writeJson(folder.dataset, {
      ...describeDataset(data),
      normalisation: data.dataset.normalisation,
      skippedFiles: data.dataset.skipped,
      fingerprint: data.fingerprint,
    });
    return {
      ...context,
      ...settled,
      recipe: claim.recipe,
      folder,
      device,
      data,
      checked,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
};

/** The teachers of a run, trained where they are not there yet. */
export const teach = (run: Run): Promise<Teacher[]> =>
  timed(run.folder, "teachers", () => obtainTeachers({ ...run, folder: run.folder.teachers }));
