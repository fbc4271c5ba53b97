// Several methods at several budgets, under identical labels and steps.
import { join } from "node:path";
import { z } from "zod";
import type { ComparedSet, Comparison, ComparisonRow } from "../../evaluation/comparison.ts";
import { distilledTrainingSet, summarise, teachRows, withAllData } from "../../evaluation/evaluate.ts";
import { meansOf } from "../../evaluation/means.ts";
import { type AccuracyRow, allData } from "../../evaluation/rows.ts";
import type { Prepared } from "../../recipe/prepare.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { nameOf } from "../../report/methods.ts";
import { readSet } from "../../sets/index.ts";
import { DistilleryError } from "../../support/errors.ts";
import { readJson } from "../../support/json-files.ts";
import type { Context } from "../../support/work/context.ts";
import { inPieces } from "../../support/work/executor.ts";
import type { Stage } from "../../teachers/stage.ts";
import type { Teacher } from "../../teachers/teacher.ts";
import type { Candidate } from "../../teachers/teachers.ts";
import { checkPlan } from "../checks.ts";
import type { CommandContext, Found } from "../commands.ts";
import { timed } from "../folder/run-folder.ts";
import { makeMethodSet } from "../method-set.ts";
import { openRun, type Run, teach } from "../open.ts";
import { entriesOf, recipeOf } from "../recipe/entry.ts";
import { settleEntries } from "../recipe/settle.ts";
import { bytesAround } from "../reporting.ts";
import { costing } from "./account.ts";
import { type CompareFolder, compareFolder, type SetOf, setName, setPath, workPath } from "./folder.ts";
import { describeSet, writeComparison } from "./reporting.ts";

/** The budgets of a comparison, in the recipe's order. */
const budgetsOf = ({ compare, ipc }: Recipe): readonly number[] => compare.ipc ?? [ipc];

/** The draws of first images, each a set of its own; absent is the first. */
const drawsOf = ({ compare, draw = 0 }: Recipe): readonly Pick<Recipe, "draw">[] =>
  Array.from({ length: compare.draws ?? 1 }, (_, d) => (draw + d > 0 ? { draw: draw + d } : {}));

/** One set to make, and the recipe that it is made by. */
type Plan = SetOf & { readonly recipe: Recipe };

/** The sets of an entry at a budget, one a draw, in the order of a comparison. */
const plansOf = (recipe: Recipe): (readonly Plan[])[] =>
  budgetsOf(recipe).flatMap((ipc) =>
    entriesOf(recipe).map((entry) =>
      drawsOf(recipe).map((draw) => ({
        ...entry,
        ...draw,
        ipc,
        recipe: recipeOf(recipe, entry, { ipc, ...draw }),
      })),
    ),
  );

/**
 * Images by which the epochs of all students at a budget are counted: INFER's training images, whoever is compared, so that
 * all take the same number of steps. Where the budget is too small for INFER it is as if it had one base set.
 */
export const epochImages = (ipc: number, classes: number, teachers: number): number => {
  const bases = Math.max(1, Math.floor((ipc * classes) / (classes + teachers)));
  return (teachers + 1) * bases * classes;
};

/** Fails on any set that cannot be made, naming its method, before anything is computed. */
const checkPlans = async (
  recipe: Recipe,
  data: Prepared,
  candidates: readonly Candidate[],
  context: Context,
): Promise<void> => {
  for (const plan of plansOf(recipe).flat()) {
    try {
      await checkPlan(plan.recipe, data, candidates, context);
    } catch (cause) {
      if (!(cause instanceof DistilleryError)) throw cause;
      const name = [plan.method, plan.variant ?? []].flat().join(" ");
      throw new DistilleryError(cause.code, `${name} with ${plan.ipc} images a class: ${cause.message}`, { cause });
    }
  }
};

type CompareRun = Run<CompareFolder>;

/** True where other processes do the jobs. What they cost is not seen here, so no account of it is kept. */
const elsewhere = ({ executor }: CompareRun): boolean => executor?.elsewhere === true;

/** Runs the training of students, on the folder's account where it is done here. */
const timedStudents = <T>(run: CompareRun, work: () => Promise<T>): Promise<T> =>
  elsewhere(run) ? work() : timed(run.folder, "students", work);

/** The set of a plan and what it took. Sets wait on the disk, so that memory does not grow with their number. */
const makeOne = async (run: CompareRun, plan: Plan, teachers: readonly Teacher[]): Promise<void> => {
  const { folder } = run;
  const work = join(folder.path, workPath(plan));
  const set = join(folder.path, setPath(plan));
  await makeMethodSet({
    ...run,
    recipe: plan.recipe,
    teachers,
    folders: { work, set, shared: folder.shared },
    time: elsewhere(run) ? (_, work) => work() : costing(folder, plan),
  });
};

/** Students on each set, and all students of a comparison. */
const studentCounts = ({ recipe }: CompareRun): { readonly each: number; readonly all: number } => {
  const { students, labels, seeds } = recipe;
  const each = students.length * labels.length * seeds;
  return { each, all: plansOf(recipe).flat().length * each + (withAllData(recipe) ? students.length * seeds : 0) };
};

/** Students on one set, with the labels, augmentation, batches and steps of all others at its budget. */
const measureOne = async (
  run: CompareRun,
  plan: Plan,
  teachers: readonly Teacher[],
  before: number,
): Promise<{ readonly set: ComparedSet; readonly rows: readonly ComparisonRow[] }> => {
  const { folder, data } = run;
  const { ipc, variant } = plan;
  const read = await readSet(join(folder.path, setPath(plan)));
  const stage = studentsOf(run, teachers, before);
  const epoch = epochImages(ipc, data.task.classes, teachers.length);
  const { rows } = await teachRows(stage, [await distilledTrainingSet(stage, read, setName(plan), epoch)], false);
  const set = await describeSet(folder, plan, read.manifest, plan.recipe.method.iterations);
  const weights = bytesAround(data, teachers).teachers;
  const charged = ({ labels }: AccuracyRow): number => set.bytes.total + (labels === "dynamic" ? weights : 0);
  return {
    set,
    rows: rows.map((row) => ({ ...row, ipc, ...(variant !== undefined && { variant }), bytes: charged(row) })),
  };
};

/** Rows of several draws as one: all students' accuracies, and the bytes of the heaviest set. */
const pooled = (draws: readonly (readonly ComparisonRow[])[]): ComparisonRow[] =>
  draws[0]!.map(({ byClass: _, seconds: __, ...row }, i) => {
    const same = draws.map((rows) => rows[i]!);
    const all = (some: readonly Pick<AccuracyRow, "accuracy">[]) =>
      summarise(some.flatMap(({ accuracy }) => accuracy.values));
    return {
      ...row,
      accuracy: all(same),
      ...(row.marks && {
        marks: row.marks.map((mark, m) => ({ ...mark, accuracy: all(same.map(({ marks = [] }) => marks[m]!)) })),
      }),
      ...meansOf(same),
      bytes: Math.max(...same.map(({ bytes }) => bytes)),
    };
  });

const studentsOf = (run: CompareRun, teachers: readonly Teacher[], setsBefore: number): Stage => {
  const { each, all } = studentCounts(run);
  return { ...run, teachers, folder: run.folder.students, among: { before: setsBefore * each, of: all } };
};

type MeasuredSet = Awaited<ReturnType<typeof measureOne>>;

/** The table as far as it is measured: an entry stands in it when all its draws are. */
const tableOf = (plans: readonly (readonly Plan[])[], measured: ReadonlyMap<Plan, MeasuredSet>) => {
  const whole = plans.filter((draws) => draws.every((plan) => measured.has(plan)));
  const found = whole.map((draws) => draws.map((plan) => measured.get(plan)!));
  return {
    sets: found.flatMap((draws) => draws.map(({ set }) => set)),
    rows: found.flatMap((draws) => pooled(draws.map(({ rows }) => rows))),
    pending: plans.filter((draws) => !whole.includes(draws)).map(([plan]) => `${nameOf(plan!)} (${plan!.ipc} a class)`),
  };
};

/** Name of the piece that trains students on all the data. */
const allPiece = nameOf({ method: allData });

const compareAll = async (run: CompareRun): Promise<Found<Comparison>> => {
  const { recipe, folder } = run;
  const teachers = await teach(run);
  const plans = plansOf(recipe);
  const sets = plans.flat();
  const measured = new Map<Plan, MeasuredSet>();
  const failed: string[] = [];
  let full: readonly ComparisonRow[] | undefined;
  const before = await readJson(folder.reportJson, z.looseObject({ pending: z.exactOptional(z.array(z.string())) }));
  // A whole table is never replaced by a part of it.
  const growing = before === undefined || before.pending !== undefined;
  let written: Promise<unknown> = Promise.resolve();
  const write = (): Promise<Comparison> => {
    const turn = written.then(() => {
      const { rows, pending, ...table } = tableOf(plans, measured);
      const open = withAllData(recipe) && full === undefined ? [...pending, allPiece] : pending;
      return writeComparison(run, teachers, { ...table, rows: [...rows, ...(full ?? [])], pending: open, failed });
    });
    written = turn.catch(() => undefined);
    return turn;
  };
  // A process that computes makes all sets first, so that the memory of making one is not that of students before it.
  const madeFirst = !elsewhere(run);
  if (madeFirst) for (const plan of sets) await makeOne(run, plan, teachers);
  /** Measures a set, having made it where that is a part of the piece. */
  const measure = async (index: number): Promise<void> => {
    const plan = sets[index];
    if (plan === undefined) {
      const { rows } = await timedStudents(run, () => teachRows(studentsOf(run, teachers, index), [], true));
      const { data } = bytesAround(run.data, teachers);
      full = rows.map((row) => ({ ...row, bytes: data }));
      return;
    }
    if (!madeFirst) await makeOne(run, plan, teachers);
    measured.set(plan, await timedStudents(run, () => measureOne(run, plan, teachers, index)));
    if (growing && tableOf(plans, measured).pending.length + failed.length > 0) await write();
  };
  const pieces = [...sets.map(setName), ...(withAllData(recipe) ? [allPiece] : [])];
  await inPieces(run, pieces, (index) =>
    measure(index).catch(async (error: unknown) => {
      // Other jobs go on; the table says which is missing, and why.
      if (error instanceof DistilleryError && error.code === "JOB") {
        failed.push(`${pieces[index]}: ${error.message}`);
        if (growing) await write();
      }
      throw error;
    }),
  );
  return {
    report: await write(),
    files: {
      report: folder.reportHtml,
      table: folder.comparisonMarkdown,
      numbers: folder.reportJson,
      sets: join(folder.path, "sets"),
    },
  };
};

/** Several methods at several budgets, under identical labels and steps; see Commands.compare. */
export const compareMethods = async (recipe: Recipe, context: CommandContext): Promise<Found<Comparison>> => {
  await using run = await openRun(recipe, context, compareFolder(context.out), checkPlans, settleEntries);
  return await compareAll(run);
};
