// Every accuracy of results/ in one table: results/accuracy.csv for programs, docs/results.md for people.
import { readdirSync, readFileSync } from "node:fs";
import { type AccuracyRow, allData, type LabelledSet } from "../../src/evaluation/rows.ts";
import { comparedRows, type Difference } from "../../src/evaluation/statistics.ts";
import { nameOf } from "../../src/report/methods.ts";
import { formatBytes, formatCount } from "../../src/support/format.ts";

type Row = AccuracyRow & LabelledSet & { readonly bytes?: number };

/** Fields that report.json and comparison.json have in common, as far as they are read here. */
interface Result {
  readonly data: { readonly name: string };
  readonly method?: string;
  readonly budget?: { readonly ipc: number };
  readonly bytes: { readonly total?: number };
  readonly teachers: readonly { readonly architecture: string; readonly accuracy: number }[];
  readonly rows: readonly Row[];
  readonly hardware: { readonly cpu: string };
}

const folder = new URL("../../results/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, folder), "utf8");

/** Results with accuracies, by path. */
const results = (): { readonly path: string; readonly result: Result }[] =>
  readdirSync(folder, { recursive: true })
    .map((path) => String(path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".json"))
    .sort()
    .map((path) => ({ path, result: JSON.parse(read(path)) as Result }))
    .filter(({ result }) => Array.isArray(result.rows));

/** Rows with their difference from random images; those of a report get the budget and bytes of its one set. */
const rowsOf = ({ rows, method, budget, bytes }: Result) =>
  comparedRows({
    rows: rows.map((row) =>
      budget === undefined || row.method === allData
        ? row
        : { ...row, ipc: budget.ipc, ...(row.method === method && { bytes: bytes.total! }) },
    ),
  });

const quoted = (value: string | number | undefined): string => {
  const text = String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const points = (value: number): string => value.toFixed(2);

const columns = [
  ..."result,data,teachers,student,labels,method,variant,ipc,images,steps,mean,sd,seeds,values,bytes".split(","),
  ..."points_above_random,low_95,high_95,verdict,cpu".split(","),
];

const differenceCells = (difference?: Difference) => [
  difference && points(difference.delta),
  difference?.interval && points(difference.interval[0]),
  difference?.interval && points(difference.interval[1]),
  difference?.verdict,
];

/** A line for every row of every result. */
export const accuracyCsv = (): string =>
  [
    columns,
    ...results().flatMap(({ path, result }) =>
      rowsOf(result).map(({ row, toRandom }) => [
        path,
        result.data.name,
        result.teachers.map(({ architecture, accuracy }) => `${architecture} ${accuracy.toFixed(1)}`).join(" "),
        row.student,
        row.labels,
        row.method,
        row.variant,
        row.ipc,
        row.images,
        row.steps,
        points(row.accuracy.mean),
        points(row.accuracy.std),
        row.accuracy.values.length,
        row.accuracy.values.join(" "),
        row.bytes,
        ...differenceCells(toRandom),
        result.hardware.cpu,
      ]),
    ),
  ]
    .map((cells) => `${cells.map(quoted).join(",")}\n`)
    .join("");

const accuracyText = ({ accuracy: { mean, std, values } }: Row): string =>
  values.length > 1 ? `${mean.toFixed(1)} ± ${std.toFixed(1)}` : `${mean.toFixed(1)} (one seed)`;

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

const differenceText = (difference?: Difference): string => {
  if (difference === undefined) return "";
  const { delta, interval, verdict } = difference;
  const range = interval === undefined ? "" : ` (${signed(interval[0])} to ${signed(interval[1])})`;
  return verdict === "better" || verdict === "worse" ? `**${signed(delta)}**${range}` : `${signed(delta)}${range}`;
};

const tableOf = (result: Result): string =>
  [
    ["trained on", "student", "labels", "images", "steps", "accuracy, %", "above random images, points", "whole set"],
    Array.from({ length: 8 }, () => "---"),
    ...rowsOf(result).map(({ row, toRandom }) => [
      nameOf(row),
      row.student,
      row.labels,
      formatCount(row.images),
      formatCount(row.steps),
      accuracyText(row),
      differenceText(toRandom),
      row.bytes === undefined ? "" : formatBytes(row.bytes),
    ]),
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const titleOf = (folderName: string): string => read(`${folderName}/README.md`).match(/^# (.*)$/m)![1]!;

const sectionOf = ({ path, result }: ReturnType<typeof results>[number]): string => {
  const [folderName = ""] = path.split("/");
  const teachers = result.teachers.map((t) => `${t.architecture} ${t.accuracy.toFixed(1)} %`).join(", ");
  return (
    `## ${titleOf(folderName)}: ${path.split("/").at(-1)}\n\n` +
    `[What it says](../results/${folderName}/README.md), [every value](../results/${path}). ` +
    `Teachers of soft labels: ${teachers || "none"}. ${result.hardware.cpu}.\n\n${tableOf(result)}\n`
  );
};

/** The page of docs/results.md. */
export const resultsPage = (): string =>
  `# Results

Every accuracy measured so far, as \`results/\` holds it: mean ± standard deviation over the seeds, after the last step, of the test
images. Random images have the same labels, augmentation and steps ([how](decisions/students-and-steps.md)). A difference is
**bold** where its 95 % interval (Welch) excludes zero; rows of one seed have none. The same as a table for programs:
[accuracy.csv](../results/accuracy.csv). Written by \`WRITE_DOCS=1 npx vitest run test/docs\`.

${results().map(sectionOf).join("\n")}`;
