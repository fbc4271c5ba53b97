// The commands.
import { resolve } from "node:path";
import { formatNormalisation, isAlike } from "../data/normalisation.ts";
import { drawImages } from "../distill/select/draw.ts";
import { evaluateSet } from "../evaluation/evaluate.ts";
import type { Curve, Report } from "../evaluation/rows.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { classesApart, sizesApart } from "../sets/compatibility.ts";
import { type DistilledSet, readSet, weighSet } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { type Candidate, obtainTeachers } from "../teachers/teachers.ts";
import { checkPlan } from "./checks.ts";
import type { CommandContext, Commands, EvaluateContext, Found } from "./commands.ts";
import { compareMethods } from "./compare/compare.ts";
import { readCurves, runFolder, timed, writeCurves } from "./folder/run-folder.ts";
import { type MethodSet, makeMethodSet } from "./method-set.ts";
import { writeReport } from "./reporting.ts";
import { type Run, teach, withRun } from "./run.ts";
import { reportTeachers } from "./teaching.ts";

interface Distilled extends MethodSet {
  readonly teachers: readonly Teacher[];
}

const distill = async (run: Run): Promise<Distilled> => {
  const { folder } = run;
  const teachers = await teach(run);
  const made = await makeMethodSet({
    ...run,
    teachers,
    folders: folder,
    time: (stage, work) => timed(folder, stage, work),
  });
  await writeCurves(folder, made.curves);
  return { ...made, teachers };
};

/** Students and report. */
const evaluate = async (
  run: Run,
  { teachers, curves: making, set }: Distilled,
  setFolder: string,
): Promise<Found<Report>> => {
  const { folder } = run;
  const { rows, curves } = await timed(folder, "students", () =>
    evaluateSet({ ...run, teachers, folder: folder.students }, set),
  );
  const allCurves: readonly Curve[] = [...making, ...curves];
  const report = await writeReport(folder, { ...run, teachers, set, setFolder, rows, curves: allCurves });
  return { report, files: { set: setFolder, report: folder.reportHtml, numbers: folder.reportJson } };
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
  const teachers = await obtainTeachers({ ...run, folder: run.folder.teachers });
  const known = teachers.map(({ model, sha256 }) => ({ architecture: model.name, sha256 }));
  compareTeachers(set, known, setFolder);
  return teachers;
};

const checkData = (set: DistilledSet, { dataset }: Prepared, folder: string): void => {
  const { classes, image, normalisation } = set.manifest;
  const apart = classesApart(classes, dataset.classes) ?? sizesApart(image, dataset.image);
  if (apart !== undefined) {
    throw new DistilleryError(
      "SET",
      `${folder} does not fit the data ${dataset.name}, ${apart}; give the data that the set was made from`,
    );
  }
  if (!isAlike(normalisation, dataset.normalisation)) {
    throw new DistilleryError(
      "SET",
      `${folder} was made for images normalised by ${formatNormalisation(normalisation)}, but ${dataset.name} is by ${formatNormalisation(dataset.normalisation)}; ` +
        "give the data and the --normalisation that the set was made with",
    );
  }
};

/** A run of one set, which can be made. */
const withPlan = <R>(recipe: Recipe, context: CommandContext, work: (run: Run) => Promise<R>): Promise<R> => {
  const check = (data: Prepared, candidates: readonly Candidate[]): Promise<void> =>
    checkPlan(recipe, data, candidates, context);
  return withRun(recipe, context, runFolder(context.out), check, work);
};

export const commands: Commands = {
  run: (recipe, context) => withPlan(recipe, context, async (run) => evaluate(run, await distill(run), run.folder.set)),

  teach: (recipe, context) =>
    withPlan(recipe, context, async (run) => {
      const report = await reportTeachers(run, await teach(run));
      return { report, files: { numbers: run.folder.teachersJson } };
    }),

  distill: (recipe, context) =>
    withPlan(recipe, context, async (run) => {
      const { set } = await distill(run);
      return { folder: run.folder.set, manifest: set.manifest, bytes: await weighSet(run.folder.set) };
    }),

  evaluate: (recipe, context: EvaluateContext) => {
    const setFolder = context.set ?? runFolder(context.out).set;
    const readFitting = async (data: Prepared, candidates: readonly Candidate[]): Promise<DistilledSet> => {
      const set = await readSet(setFolder);
      checkData(set, data, setFolder);
      // For its error: as many random images are measured beside the set.
      drawImages(data, set.manifest.budget.ipc, recipe.seed);
      if (needsTeachers(recipe)) compareTeachers(set, candidates, setFolder);
      return set;
    };
    return withRun(recipe, context, runFolder(context.out), readFitting, async (run, set) => {
      const teachers = needsTeachers(recipe) ? await teachersOf(run, set, setFolder) : [];
      const own = resolve(setFolder) === resolve(run.folder.set);
      return evaluate(run, { teachers, curves: own ? await readCurves(run.folder) : [], set }, setFolder);
    });
  },

  compare: compareMethods,
};
