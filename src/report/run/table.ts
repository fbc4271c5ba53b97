// A run's report as a table for a terminal.
import { createColors } from "picocolors";
import type { Report } from "../../evaluation/rows.ts";
import { type ComparedRow, comparedRows, type Difference } from "../../evaluation/statistics.ts";
import {
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  formatSigned,
  plural,
  printable,
  toAscii,
} from "../../support/format.ts";
import { formatMean } from "../accuracies.ts";
import { type NamedMethod, nameOf, styleOf } from "../methods.ts";
import { markAt, shareName, shares, whenReached } from "../sections/course.ts";
import { speedWords } from "../sections/speed.ts";
import { type Colours, type Column, drawFitting, wrap } from "../terminal.ts";
import { bytesNeeded, headline, headlineRow, judgements } from "./summary.ts";

type RowColumn = Column<ComparedRow>;

/** A difference as a cell; green or red where it is clear and the column is about it (`named`). */
export const differenceText = (value: Difference | undefined, colours: Colours, named: boolean): string => {
  if (!value) return "";
  const words = { better: "better", worse: "worse", unclear: "unclear", unknown: "?" };
  const word = named || value.verdict === "unclear" || value.verdict === "unknown" ? ` ${words[value.verdict]}` : "";
  const text = `${formatSigned(value.delta)}${word}`;
  if (!named) return text;
  if (value.verdict === "better") return colours.green(text);
  return value.verdict === "worse" ? colours.red(text) : text;
};

const paints = { infer: "cyan", random: "yellow", full: "dim", a: "green", b: "magenta", c: "red", d: "blue" } as const;

/** The name of a row's method in its colour. */
export const methodText = (one: NamedMethod, colours: Colours): string =>
  colours[paints[styleOf(one.method).colour]](printable(nameOf(one)));

const method: RowColumn = { title: "trained on", align: "left", cell: ({ row }, c) => methodText(row, c) };
const labels: RowColumn = { title: "labels", align: "left", cell: ({ row }) => row.labels };
const student: RowColumn = { title: "student", align: "left", cell: ({ row }) => printable(row.student) };
const images: RowColumn = { title: "images", align: "right", cell: ({ row }) => formatCount(row.images) };
const steps: RowColumn = { title: "steps", align: "right", cell: ({ row }) => formatCount(row.steps) };
const accuracy: RowColumn = {
  title: "accuracy %",
  align: "right",
  cell: ({ row }, c) => c.bold(formatMean(row.accuracy)),
};
const seeds: RowColumn = { title: "seeds", align: "right", cell: ({ row }) => String(row.accuracy.values.length) };
const toRandom: RowColumn = { title: "vs random", align: "right", cell: (r, c) => differenceText(r.toRandom, c, true) };
const toFull: RowColumn = { title: "vs all data", align: "right", cell: (r, c) => differenceText(r.toFull, c, false) };

/** Accuracies on the way, and after how many steps random images' final accuracy is reached. */
export const markColumns: readonly RowColumn[] = shares
  .filter((share) => share < 1)
  .map((share) => ({
    title: `after ${shareName(share)}`,
    align: "right",
    cell: ({ row }) => {
      const mark = markAt(row, share);
      return mark ? formatMean(mark.accuracy) : "";
    },
  }));
export const reachedColumn: RowColumn = {
  title: "random's final",
  align: "right",
  cell: ({ reached }) => (reached ? whenReached(reached) : ""),
};

/** From everything to the least that still says it; the first that fits the terminal is taken. */
const layouts: readonly (readonly RowColumn[])[] = [
  [method, labels, student, images, steps, ...markColumns, accuracy, seeds, toRandom, reachedColumn, toFull],
  [method, labels, student, images, steps, accuracy, seeds, toRandom, toFull],
  [method, labels, student, accuracy, seeds, toRandom, toFull],
  [method, labels, student, accuracy, seeds, toRandom],
  [method, labels, accuracy, toRandom],
];

const factLines = (report: Report): readonly (readonly [string, string])[] => {
  const { budget, bytes, data } = report;
  const parts = (["bases", "compensators", "labels", "manifest"] as const).map(
    (part) => `${part} ${formatBytes(bytes[part])}`,
  );
  const headed = headlineRow(report);
  const chosen = headed?.row.labels ?? "static";
  const speed = headed === undefined ? "" : speedWords(headed);
  const dynamic = report.rows.some((row) => row.method === report.method && row.labels === "dynamic");
  const share =
    bytes.data > 0 ? `, ${formatShare(bytes.total / bytes.data)} of the data's ${formatBytes(bytes.data)}` : "";
  return [
    [
      "data",
      `${printable(data.name)}: ${plural(data.train, "training image")}, ${plural(data.classes, "class", "classes")}`,
    ],
    [
      "budget",
      `${budget.ipc} per class: ${plural(budget.bases * data.classes, "base image")} ` +
        (budget.compensators > 0 ? `+ ${plural(budget.compensators, "compensator")} ` : "") +
        `-> ${plural(budget.trainingImages, "training image")}`,
    ],
    ["bytes", `${formatBytes(bytes.total)} (${parts.join(", ")})${share}`],
    ...(dynamic || chosen === "dynamic"
      ? ([
          [
            "dynamic",
            `needs the teachers' ${formatBytes(bytes.teachers)} as well: ${formatBytes(bytesNeeded(report, "dynamic"))} in all`,
          ],
        ] as const)
      : []),
    ...(speed === "" ? [] : [["student", speed.trim()] as const]),
    [
      "seconds",
      Object.entries(report.seconds)
        .map(([stage, seconds]) => `${printable(stage)} ${formatSeconds(seconds)}`)
        .join(", ") || "not measured",
    ],
  ];
};

/**
 * The report for a terminal: the headline, the table of accuracies, a sentence a comparison and a few facts, without a
 * final newline. Without `colour` there are no escape codes and, the user's own names apart, only ASCII. `width` is in
 * characters (100); columns are left out until the table fits.
 */
export const renderTable = (report: Report, options: { colour: boolean; width?: number }): string => {
  const c = createColors(options.colour);
  const say = options.colour ? (text: string) => text : toAscii;
  const width = Math.max(40, options.width ?? 100);
  const rows = comparedRows(report);
  const table = drawFitting(rows, layouts, width, c, options.colour);
  const facts = factLines(report).map(([name, text]) => {
    const [first = "", ...rest] = wrap(say(text), width - 9).split("\n");
    return [`${c.dim(name.padEnd(9))}${first}`, ...rest.map((line) => " ".repeat(9) + line)].join("\n");
  });
  const said = judgements(report).map((sentence) => wrap(say(printable(sentence)), width, "  "));
  return [
    c.bold(wrap(say(printable(headline(report))), width)),
    ...(rows.length > 0 ? [table] : []),
    ...(said.length > 0 ? [said.join("\n")] : []),
    facts.join("\n"),
  ].join("\n\n");
};
