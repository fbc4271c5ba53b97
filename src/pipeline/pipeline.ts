// A run in a few lines: data, teachers, images, labels, set, students, report.
import { resolve } from "node:path";
import { evaluateSet } from "../evaluation/evaluate.ts";
import type { Curve, Report } from "../evaluation/rows.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type DistilledSet, weighSet } from "../sets/index.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { checkPlan } from "./checks.ts";
import type { CommandContext, Commands, EvaluateContext, Found } from "./commands.ts";
import { compareMethods } from "./compare/compare.ts";
import { readFitting, teachersOf } from "./fits.ts";
import { readCurves, runFolder, timed, writeCurves } from "./folder/run-folder.ts";
import { makeMethodSet } from "./method-set.ts";
import { openRun, type Run, teach } from "./open.ts";
import { writeReport } from "./reporting.ts";
import { reportTeachers } from "./teaching.ts";
import { trainCommand } from "./train/train.ts";

const open = (recipe: Recipe, context: CommandContext) => openRun(recipe, context, runFolder(context.out), checkPlan);

/** Images and their labels, and the set that is made of them. */
const distil = async (run: Run, teachers: readonly Teacher[]) => {
  const { folder } = run;
  const made = await makeMethodSet({
    ...run,
    teachers,
    folders: folder,
    time: (stage, work) => timed(folder, stage, work),
  });
  await writeCurves(folder, made.curves);
  return made;
};

/** Students on a set and what it is read against, and the report of all. */
const measure = async (
  run: Run,
  teachers: readonly Teacher[],
  set: DistilledSet,
  setFolder: string,
  making: readonly Curve[],
): Promise<Found<Report>> => {
  const { folder } = run;
  const stage = { ...run, teachers, folder: folder.students };
  const { curves, ...measured } = await timed(folder, "students", () => evaluateSet(stage, set));
  const findings = { ...run, ...measured, teachers, set, setFolder, curves: [...making, ...curves] };
  const report = await writeReport(folder, findings);
  return { report, files: { set: setFolder, report: folder.reportHtml, numbers: folder.reportJson } };
};

export const commands: Commands = {
  run: async (recipe, context) => {
    await using run = await open(recipe, context);
    const teachers = await teach(run);
    const { set, curves } = await distil(run, teachers);
    return await measure(run, teachers, set, run.folder.set, curves);
  },

  teach: async (recipe, context) => {
    await using run = await open(recipe, context);
    const report = await reportTeachers(run, await teach(run));
    return { report, files: { numbers: run.folder.teachersJson } };
  },

  distill: async (recipe, context) => {
    await using run = await open(recipe, context);
    const { set } = await distil(run, await teach(run));
    const { folder, best } = run;
    const found = { folder: folder.set, manifest: set.manifest, bytes: await weighSet(folder.set) };
    return best === undefined ? found : { ...found, best };
  },

  evaluate: async (recipe, context: EvaluateContext) => {
    const folder = runFolder(context.out);
    const setFolder = context.set ?? folder.set;
    await using run = await openRun(recipe, context, folder, readFitting(setFolder, folder));
    const teachers = await teachersOf(run, run.checked, setFolder);
    const own = resolve(setFolder) === resolve(folder.set);
    return await measure(run, teachers, run.checked.set, setFolder, own ? await readCurves(folder) : []);
  },

  train: trainCommand,

  compare: compareMethods,
};
