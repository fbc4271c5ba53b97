import { type Budget, budgetOf, type DistilledSet, readSet } from "../formats/index.ts";
import { buildModel, checkArchitecture } from "../models/registry.ts";
import { formatBytes } from "../report/format.ts";
import { renderTable } from "../report/table.ts";
import { type Device, openDevice } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { writeJson } from "../support/files.ts";
import type { CommandContext, Commands, EvaluateContext, Outcome } from "./commands.ts";
import { type Compensator, makeCompensators } from "./compensators.ts";
import { evaluateSet } from "./evaluate.ts";
import { type Prepared, prepareData } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { describeDataset, writeReport } from "./reporting.ts";
import { claimFolder, type RunFolder, runFolder, timed } from "./run-folder.ts";
import { drawImages, makeSet } from "./set.ts";
import type { Teacher } from "./teacher.ts";
import { type Candidate, checkTeachers, findCandidates, obtainTeachers } from "./teachers.ts";

/** What every stage is given: the recipe, where it writes, what it runs on. */
interface Run {
  readonly recipe: Recipe;
  readonly folder: RunFolder;
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
const withRun = async <T>(
  recipe: Recipe,
  context: CommandContext,
  check: (data: Prepared, candidates: readonly Candidate[]) => Promise<T>,
  work: (run: Run, checked: T) => Promise<Outcome>,
): Promise<Outcome> => {
  checkRecipe(recipe);
  const folder = runFolder(context.out);
  const device = await openDevice(recipe.device);
  try {
    const started = performance.now();
    const data = await prepareData(recipe, context);
    budgetOf(recipe.ipc, data.task.classes, recipe.teachers.length);
    drawImages(data, recipe.ipc, recipe.seed);
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

const teach = ({ recipe, folder, device, data, context }: Run): Promise<Teacher[]> =>
  timed(folder, "teachers", () => obtainTeachers(recipe, data, device, folder.teachers, context));

interface Distilled {
  readonly teachers: Teacher[];
  readonly budget: Budget;
  readonly compensators: Compensator[];
  readonly set: DistilledSet;
}

const distill = async (run: Run): Promise<Distilled> => {
  const { recipe, folder, device, data, context } = run;
  const teachers = await teach(run);
  const budget = budgetOf(recipe.ipc, data.task.classes, teachers.length);
  const picks = drawImages(data, budget.bases, recipe.seed);
  const { classes } = data.task;
  const baseOf = (k: number): Promise<Uint8Array> => data.train.read(picks.subarray(k * classes, (k + 1) * classes));
  const compensators = await timed(folder, "compensators", () =>
    makeCompensators(recipe, data, teachers, budget.bases, baseOf, device, folder.compensators, context),
  );
  const set = await timed(folder, "labels", async () =>
    makeSet(recipe, data, teachers, budget, await data.train.read(picks), compensators, device, folder.set, context),
  );
  return { teachers, budget, compensators, set };
};

/** Students, report, and the table for the terminal. */
const evaluate = async (
  run: Run,
  { teachers, compensators, set }: Omit<Distilled, "budget">,
  setFolder: string,
): Promise<Outcome> => {
  const { recipe, folder, device, data, context } = run;
  const { rows, curves } = await timed(folder, "students", () =>
    evaluateSet(recipe, data, set, teachers, device, folder.students, context),
  );
  const report = await writeReport(folder, {
    recipe,
    data,
    teachers,
    compensators,
    set,
    setFolder,
    rows,
    curves,
    device,
  });
  const files = [`set     ${setFolder}`, `report  ${folder.reportHtml}`, `numbers ${folder.reportJson}`];
  return { text: `${renderTable(report, context.terminal)}\n\n${files.join("\n")}`, json: report };
};

/** Fails if the teachers are not those that a set was made with, as far as is known of them. */
const compareTeachers = (set: DistilledSet, given: readonly Candidate[], setFolder: string): void => {
  const short = ({ architecture, sha256 }: Candidate): string =>
    sha256 === undefined ? `${architecture}, to be trained` : `${architecture} with sha256 ${sha256.slice(0, 12)}...`;
  const wanted = set.manifest.teachers;
  for (let j = 0; j < Math.max(wanted.length, given.length); j++) {
    const [want, got] = [wanted[j], given[j]];
    if (want?.architecture === got?.architecture && (got?.sha256 ?? want?.sha256) === want?.sha256) continue;
    throw new DistilleryError(
      "SET",
      `${setFolder}: its teacher ${j + 1} of ${wanted.length} is ${want ? short(want) : "none"}, but the recipe's is ${got ? short(got) : "none"}; ` +
        "give the weight files the set was made with, in its order, e.g. --teachers run/2-teachers/0-....safetensors",
    );
  }
};

/** Whether evaluation labels anything: random images for static labels, whole batches for dynamic ones. */
const needsTeachers = ({ labels }: Recipe): boolean => labels.some((kind) => kind !== "hard");

/** The teachers a set was made with: they label random images and dynamic batches. */
const teachersOf = async (run: Run, set: DistilledSet, setFolder: string): Promise<Teacher[]> => {
  const { recipe, folder, device, data, context } = run;
  const teachers = await obtainTeachers(recipe, data, device, folder.teachers, context);
  const known = teachers.map(({ model, sha256 }) => ({ architecture: model.name, sha256 }));
  compareTeachers(set, known, setFolder);
  return teachers;
};

const checkClasses = (set: DistilledSet, { dataset }: Prepared, folder: string): void => {
  const { classes, image } = set.manifest;
  const same = JSON.stringify(classes) === JSON.stringify(dataset.classes);
  if (!same || image.height !== dataset.image.height || image.width !== dataset.image.width) {
    throw new DistilleryError(
      "SET",
      `${folder} was made for ${classes.length} classes (${classes.slice(0, 3).join(", ")}, ...) of ${image.height}x${image.width}, but the data ${dataset.name} has ` +
        `${dataset.classes.length} (${dataset.classes.slice(0, 3).join(", ")}, ...) of ${dataset.image.height}x${dataset.image.width}; give the data that the set was made from`,
    );
  }
};

const nothing = async (): Promise<void> => undefined;

export const commands: Commands = {
  run: (recipe, context) =>
    withRun(recipe, context, nothing, async (run) => evaluate(run, await distill(run), run.folder.set)),

  teach: (recipe, context) =>
    withRun(recipe, context, nothing, async (run) => {
      const teachers = await teach(run);
      const lines = teachers.map(
        (t) =>
          `${t.model.name}  ${t.accuracy.toFixed(1)} % of the test images${t.accuracyViews === undefined ? "" : ` (${t.accuracyViews.toFixed(1)} % by six views of each)`}  ${formatBytes(t.bytes)}  ${t.file}`,
      );
      const json = teachers.map(
        ({ model, accuracy, accuracyViews, validationAccuracy, epochs, bytes, sha256, file }) => ({
          architecture: model.name,
          accuracy,
          accuracyViews,
          validationAccuracy,
          epochs,
          bytes,
          sha256,
          file,
        }),
      );
      return { text: lines.join("\n"), json };
    }),

  distill: (recipe, context) =>
    withRun(recipe, context, nothing, async (run) => {
      const { set, budget } = await distill(run);
      const parts = Object.values(set.manifest.parts).reduce((sum, p) => sum + p.bytes, 0);
      const text = `${run.folder.set}: ${budget.bases} base sets, ${budget.compensators} compensators, ${budget.trainingImages} training images, ${formatBytes(parts)}`;
      return { text, json: { folder: run.folder.set, manifest: set.manifest } };
    }),

  evaluate: (recipe, context: EvaluateContext) => {
    const setFolder = context.set ?? runFolder(context.out).set;
    const readFitting = async (data: Prepared, candidates: readonly Candidate[]): Promise<DistilledSet> => {
      const set = await readSet(setFolder);
      checkClasses(set, data, setFolder);
      if (needsTeachers(recipe)) compareTeachers(set, candidates, setFolder);
      return set;
    };
    return withRun(recipe, context, readFitting, async (run, set) => {
      const teachers = needsTeachers(recipe) ? await teachersOf(run, set, setFolder) : [];
      return evaluate(run, { teachers, compensators: [], set }, setFolder);
    });
  },
};
