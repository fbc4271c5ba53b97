// A run's result in sentences.
import { baseline } from "../../distill/registry.ts";
import type { AccuracyRow, Report } from "../../evaluation/rows.ts";
import { type ComparedRow, comparedRows, type Difference } from "../../evaluation/statistics.ts";
import { formatBytes, formatCount, formatShare, formatSigned, plural } from "../../support/format.ts";
import { warningsOf } from "../../teachers/guessing.ts";
import { formatAccuracy, formatInterval } from "../accuracies.ts";
import { nameOf } from "../methods.ts";
import { hasMarks, reachedWords } from "../sections/course.ts";

/**
 * The row the headline is about: the first of the method in the report's order, which is the recipe's. Taking the most
 * accurate one instead would be choosing by the test set.
 */
export const headlineRow = (report: Report): ComparedRow | undefined => {
  const first = report.rows.find((row) => row.method === report.method && row.accuracy.values.length > 0);
  return first && comparedRows(report).find(({ row }) => row === first);
};

/** Bytes needed to train with these labels: the set's files, and the teachers' weights if labels are made on the fly. */
export const bytesNeeded = (report: Report, labels: AccuracyRow["labels"]): number =>
  report.bytes.total + (labels === "dynamic" ? report.bytes.teachers : 0);

/** Describes the set: "A budget of 100 images, 186 KB on disk, 0.13 % of the data". */
export const describeSet = (report: Report, labels: AccuracyRow["labels"]): string => {
  const teachers = labels === "dynamic" ? ` plus ${formatBytes(report.bytes.teachers)} of teachers’ weights` : "";
  const budget = `A budget of ${plural(report.budget.ipc * report.data.classes, "image")}`;
  const share =
    report.bytes.data > 0 ? `, ${formatShare(bytesNeeded(report, labels) / report.bytes.data)} of the data` : "";
  return `${budget}, ${formatBytes(report.bytes.total)} on disk${teachers}${share}`;
};

const besideRandom = (accuracy: string, { verdict }: Difference): string => {
  if (verdict === "better") return `${accuracy}, clearly less`;
  if (verdict === "worse") return `${accuracy}, clearly more, so the set does worse than random images`;
  if (verdict === "unclear") return `${accuracy}, no clear difference`;
  return `${accuracy}, too few seeds to tell whether they differ`;
};

/**
 * One sentence saying what the set is and what a student reaches on it, beside random images and all the data.
 * A gain is claimed only where `compare` calls it clear. Teachers that guess are said before.
 */
export const headline = (report: Report): string => [...warningsOf(report.teachers), accuracyOf(report)].join(" ");

const accuracyOf = (report: Report): string => {
  const chosen = headlineRow(report);
  if (chosen === undefined) {
    return `${describeSet(report, "static")}: no student has been trained on it, so what it is worth is not known.`;
  }
  const { row, random, full, toRandom } = chosen;
  const steps =
    random && random.steps !== row.steps
      ? ` for ${plural(random.steps, "step")} in place of ${formatCount(row.steps)}`
      : "";
  const missing =
    row.method === baseline.name
      ? "they are random images themselves"
      : (report.withoutRandom ?? "random images with the same labels were not measured");
  const parts = [
    `${/^[aeiou]/i.test(row.student) ? "an" : "a"} ${row.student} student trained on it reaches ${formatAccuracy(row.accuracy)}`,
    random && toRandom
      ? `trained on ${plural(random.images, "random image")} with the same labels${steps} ${besideRandom(formatAccuracy(random.accuracy), toRandom)}`
      : missing,
    full ? `on all the data ${formatAccuracy(full.accuracy)}` : "all the data was not measured",
  ];
  return `${describeSet(report, row.labels)}: ${parts.join("; ")}.`;
};

const judge = ({ row, toRandom, random, reached }: ComparedRow): string => {
  const subject = `${nameOf(row)}, ${row.labels} labels, ${row.student}`;
  if (!toRandom || !random) return `${subject}: not measured against random images with the same labels.`;
  const points = `${formatSigned(toRandom.delta)} points against random images`;
  const counts = [row.accuracy.values.length, random.accuracy.values.length];
  const saved = reached && hasMarks([row]) ? ` It ${reachedWords(reached)}.` : "";
  const steps = row.steps === random.steps ? "" : " The two were trained for different numbers of steps.";
  if (!toRandom.interval) {
    const seeds = counts.every((n) => n === 1) ? "one seed each" : `${counts.join(" and ")} seeds`;
    return `${subject}: ${points}, from ${seeds}, so the spread is not known and no gain or loss can be claimed.${steps}${saved}`;
  }
  const words = { better: "better", worse: "worse", unclear: "no clear difference", unknown: "" }[toRandom.verdict];
  return `${subject}: ${words}, ${points} (95 % interval ${formatInterval(toRandom.interval)}).${steps}${saved}`;
};

/** One sentence for each row of the set's students, or of one of them, in the order of the table. */
export const judgements = (report: Report, student?: string): readonly string[] =>
  comparedRows(report)
    .filter(({ row }) => row.method === report.method && row.method !== baseline.name && row.accuracy.values.length > 0)
    .filter(({ row }) => student === undefined || row.student === student)
    .map(judge);

/** Tells a receiver of the set which images it carries. */
export const imagesInside = (report: Report): { readonly title: string; readonly text: string } => {
  const { method } = report;
  const name = nameOf({ method });
  switch (report.pixels) {
    case "natural":
      return { title: "Natural images inside", text: naturalImages(report) };
    case "crops":
      return {
        title: "Natural images inside",
        text: `Its images are made of crops of natural images (${name}). Whoever gets the set sees them, so do not pass on a set made from private pictures.`,
      };
    case "from-natural":
      return {
        title: "Made from natural images",
        text: `Its images were optimised starting from training images (${name}), which may still be recognised. Do not pass on a set made from private pictures.`,
      };
    case "from-noise":
      return {
        title: "No natural images inside",
        text: `Its images were optimised from noise, against networks that saw the data (${name}). That says nothing of what can be learnt from them about the data.`,
      };
  }
};

/** Warns a receiver of a set with natural images. */
export const naturalImages = (report: Report): string => {
  const count = report.budget.bases * report.data.classes;
  const { stored } = report;
  const as = stored === undefined ? "as they were" : `at ${stored.width} × ${stored.height} pixels`;
  return (
    `${report.method === baseline.name ? "A set of random images is" : `${nameOf(report)} keeps`} natural images: ${plural(count, "training image")} (${formatCount(report.budget.bases)} of every class) ` +
    `${count === 1 ? "is" : "are"} stored in this set ${as}. Whoever gets the set sees them, so do not pass on a set made from private pictures.`
  );
};
