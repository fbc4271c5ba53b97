import Table from "cli-table3";
import { createColors } from "picocolors";
import { type ComparedRow, comparedRows, type Difference } from "./comparison.ts";
import { formatBytes, formatCount, formatSeconds, formatShare, formatSigned, plural, toAscii } from "./format.ts";
import type { Report } from "./report.ts";
import { bytesNeeded, formatMean, headline, headlineRow, judgements, methodNames } from "./summary.ts";

type Colours = ReturnType<typeof createColors>;

interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (compared: ComparedRow, colours: Colours) => string;
}

const difference = (value: Difference | undefined, colours: Colours, named: boolean): string => {
  if (!value) return "";
  const words = { better: "better", worse: "worse", unclear: "unclear", unknown: "?" };
  const word = named || value.verdict === "unclear" || value.verdict === "unknown" ? ` ${words[value.verdict]}` : "";
  const text = `${formatSigned(value.delta)}${word}`;
  if (!named) return text;
  if (value.verdict === "better") return colours.green(text);
  return value.verdict === "worse" ? colours.red(text) : text;
};

const method: Column = {
  title: "trained on",
  align: "left",
  cell: ({ row }, c) => {
    const paint = { infer: c.cyan, random: c.yellow, full: c.dim }[row.method];
    return paint(methodNames[row.method]);
  },
};
const labels: Column = { title: "labels", align: "left", cell: ({ row }) => row.labels };
const student: Column = { title: "student", align: "left", cell: ({ row }) => printable(row.student) };
const images: Column = { title: "images", align: "right", cell: ({ row }) => formatCount(row.images) };
const steps: Column = { title: "steps", align: "right", cell: ({ row }) => formatCount(row.steps) };
const accuracy: Column = {
  title: "accuracy %",
  align: "right",
  cell: ({ row }, c) => c.bold(formatMean(row.accuracy)),
};
const seeds: Column = { title: "seeds", align: "right", cell: ({ row }) => String(row.accuracy.values.length) };
const toRandom: Column = { title: "vs random", align: "right", cell: (r, c) => difference(r.toRandom, c, true) };
const toFull: Column = { title: "vs all data", align: "right", cell: (r, c) => difference(r.toFull, c, false) };

/** From everything to the least that still says it; the first that fits the terminal is taken. */
const layouts: readonly (readonly Column[])[] = [
  [method, labels, student, images, steps, accuracy, seeds, toRandom, toFull],
  [method, labels, student, accuracy, seeds, toRandom, toFull],
  [method, labels, student, accuracy, seeds, toRandom],
  [method, labels, accuracy, toRandom],
];

/** Names come from files and folders: a control character in one must not reach the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, "?");

const withoutColours = (text: string): string =>
  text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => withoutColours(line).length));

/** Only a rule under the head, so that the table stays readable when copied into a text. */
const bare = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
  "mid-mid": "  ",
};

const drawTable = (rows: readonly ComparedRow[], columns: readonly Column[], plain: boolean, c: Colours): string => {
  const say = plain ? toAscii : (text: string) => text;
  const table = new Table({
    head: columns.map((column) => c.dim(column.title)),
    colAligns: columns.map((column) => column.align),
    chars: { ...bare, mid: plain ? "-" : "─" },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(columns.map((column) => say(column.cell(row, c))));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
};

/** Breaks a paragraph at spaces so that no line is longer than `width`, a longer word excepted. */
const wrap = (text: string, width: number, indent = ""): string => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
};

const factLines = (report: Report): readonly (readonly [string, string])[] => {
  const { budget, bytes, data } = report;
  const parts = (["bases", "compensators", "labels", "manifest"] as const).map(
    (part) => `${part} ${formatBytes(bytes[part])}`,
  );
  const chosen = headlineRow(report)?.row.labels ?? "static";
  const dynamic = report.rows.some((row) => row.method === "infer" && row.labels === "dynamic");
  const share =
    bytes.data > 0 ? `, ${formatShare(bytes.total / bytes.data)} of the data's ${formatBytes(bytes.data)}` : "";
  return [
    [
      "data",
      `${printable(data.name)}: ${plural(data.train, "training image")}, ${plural(data.classes, "class", "classes")}`,
    ],
    [
      "budget",
      `${budget.ipc} per class: ${plural(budget.bases * data.classes, "base image")} + ` +
        `${plural(budget.compensators, "compensator")} -> ${plural(budget.trainingImages, "training image")}`,
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
  const drawn = layouts.map((columns) => drawTable(rows, columns, !options.colour, c));
  const table = drawn.find((text) => widest(text) <= width) ?? drawn.at(-1)!;
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
