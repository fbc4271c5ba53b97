// Commands whose results are put into words and JSON.
import type { TeachersReport } from "../evaluation/teachers-report.ts";
import type { Commands, DistilledFolder, EvaluateContext, Found, RecipeCommand } from "../pipeline/commands.ts";
import { dryRun } from "../pipeline/dry-run.ts";
import type { StudentReport } from "../pipeline/train/account.ts";
import { renderComparisonTable } from "../report/comparison/table.ts";
import { renderTable } from "../report/run/table.ts";
import { describeLabels } from "../sets/index.ts";
import { formatBytes, plural, printable } from "../support/format.ts";
import { warningsOf } from "../teachers/guessing.ts";
import { renderDryRun } from "./dry-run.ts";
import type { Outcome, Terminal } from "./output.ts";

/** The commands with what they find put into words for a terminal, and into JSON for programs. */
export type Presented = {
  readonly [Name in keyof Commands]: (
    told: Parameters<Commands[Name]>[0],
    context: PresentedContext,
    terminal: Terminal,
  ) => Promise<Outcome>;
};

/** A command's context; `dryRun` asks for a plan in place of the work. */
export type PresentedContext = EvaluateContext & { readonly dryRun?: boolean };

/** Lines of names and paths. */
const list = (files: Found<unknown>["files"]): string =>
  Object.entries(files)
    .map(([name, path]) => `${name.padEnd(7)} ${path}`)
    .join("\n");

const presented = <T>({ report, files }: Found<T>, text: string): Outcome => ({
  text: `${text}\n\n${list(files)}`,
  json: report,
});

const describeTeacher = (teacher: TeachersReport["teachers"][number]): string => {
  const { architecture, accuracy, accuracyViews, bytes, file } = teacher;
  const views = accuracyViews === undefined ? "" : ` (${accuracyViews.toFixed(1)} % by six views of each)`;
  return `${architecture}  ${accuracy.toFixed(1)} % of the test images${views}  ${formatBytes(bytes)}  ${file}`;
};

const describeSet = ({ folder, manifest, bytes }: DistilledFolder): string => {
  const { budget, labels, classes } = manifest;
  const counts = [
    plural(budget.bases, "base set"),
    plural(budget.compensators, "compensator"),
    plural(budget.trainingImages, "training image"),
  ].join(", ");
  return (
    `${folder}: ${counts}, ${formatBytes(bytes.total)}\n` +
    `labels ${formatBytes(bytes.labels)}: ${describeLabels(labels, classes.length)}`
  );
};

/** `convnet32x3 (28,330 parameters) after 320 steps on 240 images, static labels: 57.9 % of 1,000 test images of demo`. */
const describeStudent = ({ recipe, parameters, set, accuracy }: StudentReport): string => {
  const { student, steps, labels } = recipe;
  const trained = `${student} (${plural(parameters, "parameter")}) after ${plural(steps, "step")} on ${plural(set.images, "image")}, ${labels} labels`;
  if (accuracy === undefined) return `${trained}; --data measures it`;
  const { percent, images, data } = accuracy;
  return `${trained}: ${percent.toFixed(1)} % of ${plural(images, "test image")} of ${printable(data)}`;
};

const working = (commands: Commands): Presented => ({
  run: async (recipe, context, terminal) => {
    const found = await commands.run(recipe, context);
    return presented(found, renderTable(found.report, terminal));
  },
  teach: async (recipe, context) => {
    const found = await commands.teach(recipe, context);
    const { teachers } = found.report;
    return presented(found, [...teachers.map(describeTeacher), ...warningsOf(teachers)].join("\n"));
  },
  distill: async (recipe, context) => {
    const { bytes, ...set } = await commands.distill(recipe, context);
    return { text: describeSet({ ...set, bytes }), json: set };
  },
  train: async (options, context) => {
    const found = await commands.train(options, context);
    return presented(found, describeStudent(found.report));
  },
  compare: async (recipe, context, terminal) => {
    const found = await commands.compare(recipe, context);
    return presented(found, renderComparisonTable(found.report, terminal));
  },
  evaluate: async (recipe, context, terminal) => {
    const found = await commands.evaluate(recipe, context);
    return presented(found, renderTable(found.report, terminal));
  },
});

export const present = (commands: Commands): Presented => {
  const done = working(commands);
  const either =
    (name: RecipeCommand): Presented[RecipeCommand] =>
    async (recipe, { dryRun: dry, ...context }, terminal) => {
      if (dry !== true) return done[name](recipe, context, terminal);
      const found = await dryRun(commands, name, recipe, context);
      return { text: renderDryRun(found, terminal), json: found };
    };
  return {
    ...done,
    run: either("run"),
    teach: either("teach"),
    distill: either("distill"),
    compare: either("compare"),
    evaluate: either("evaluate"),
  };
};
