// A comparison's result in sentences.
import type { Method } from "../../distill/method.ts";
import { baseline, methods } from "../../distill/registry.ts";
import type { Comparison, ComparisonRow } from "../../evaluation/comparison.ts";
import { allData } from "../../evaluation/rows.ts";
import { type BudgetRow, type ComparedRow, compare, comparedRows, measured } from "../../evaluation/statistics.ts";
import { formatSigned, listed, plural } from "../../support/format.ts";
import { warningsOf } from "../../teachers/guessing.ts";
import { distilledOnce, formatAccuracy, ruleOfJudgement } from "../accuracies.ts";
import { nameOf } from "../methods.ts";

export type ComparedSetRow = ComparedRow<ComparisonRow>;

/** Rows that may be read against each other: one kind of labels, one student, every budget, and all the data behind them. */
export interface Table<Row extends BudgetRow = ComparisonRow> {
  readonly labels: BudgetRow["labels"];
  readonly student: string;
  readonly rows: readonly ComparedRow<Row>[];
}

/** The tables of a comparison or a run, by labels and then by student, as the recipe names them. */
export const tablesOf = <Row extends BudgetRow>(report: { readonly rows: readonly Row[] }): readonly Table<Row>[] => {
  const all = comparedRows(report);
  const sets = all.filter(({ row }) => row.method !== allData);
  const labels = [...new Set(report.rows.filter((r) => r.method !== allData).map((r) => r.labels))];
  const students = [...new Set(report.rows.map((r) => r.student))];
  return labels.flatMap((kind) =>
    students.flatMap((student) => {
      const rows = sets.filter(({ row }) => row.labels === kind && row.student === student);
      const full = all.filter(({ row }) => row.method === allData && row.student === student);
      return rows.length === 0 ? [] : [{ labels: kind, student, rows: [...rows, ...full] }];
    }),
  );
};

export const budgetsOf = (rows: readonly ComparedSetRow[]): readonly number[] => [
  ...new Set(rows.flatMap(({ row }) => row.ipc ?? [])),
];

const measuredSet = ({ row }: ComparedSetRow): boolean => row.method !== allData && measured(row);

/** Names the best method at one budget, only where it is clearly above every other. */
const judgeBest = (rows: readonly ComparisonRow[]): string => {
  const [best, ...others] = [...rows].sort((a, b) => b.accuracy.mean - a.accuracy.mean);
  if (best === undefined) return "nothing was measured";
  const value = `${nameOf(best)} (${formatAccuracy(best.accuracy)})`;
  if (others.length === 0) return `nothing was measured beside ${value}`;
  const beside = others.map((row) => ({ row, ...compare(best.accuracy, row.accuracy) }));
  const near = beside.filter(({ verdict }) => verdict !== "better").map(({ row }) => nameOf(row));
  const shown = near.length > 4 ? [...near.slice(0, 3), `${near.length - 3} others`] : near;
  if (near.length === 0) {
    return `clearly best: ${value}, ${formatSigned(beside[0]!.delta)} points above ${nameOf(others[0]!)}`;
  }
  if (beside.some(({ verdict }) => verdict === "unknown")) {
    return `highest: ${value}, but one seed does not tell which method is best`;
  }
  return `no method is clearly best: the highest, ${value}, is not clearly above ${listed(shown)}`;
};

/** Says what a method gains over another row of its table, plainly where it is nothing. */
const judge = (one: ComparisonRow, other: ComparisonRow | undefined, name: string): string => {
  const title = nameOf(one);
  if (other === undefined) return `${title} was not measured beside ${name}`;
  const { delta, verdict } = compare(one.accuracy, other.accuracy);
  const points = `${formatSigned(delta)} points`;
  switch (verdict) {
    case "better":
      return `${title} beats ${name} (${points})`;
    case "worse":
      return `${title} does not beat ${name}, it is clearly below (${points})`;
    case "unclear":
      return `${title} does not beat ${name} (${points}, no clear difference)`;
    case "unknown":
      return `whether ${title} beats ${name} cannot be told from one seed (${points})`;
  }
};

/** The method that a comparison is about: the one whose ablations there are. */
export const ablated = (rows: readonly { readonly method: string }[]): Method | undefined =>
  methods.find(
    ({ name }) => rows.some(({ method }) => method === name) && methods.some(({ ablates }) => ablates === name),
  );

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** One sentence on one budget of a table. */
const judgeBudget = (table: Table, ipc: number): string => {
  const rows = table.rows.filter((compared) => compared.row.ipc === ipc && measuredSet(compared)).map(({ row }) => row);
  const of = (method: ComparisonRow["method"]): ComparisonRow | undefined =>
    rows.find((row) => row.method === method && row.variant === undefined);
  const tried = rows.find(({ method }) => method === ablated(rows)?.name);
  const copies = methods.find(({ ablates, copies: u0 }) => u0 === true && ablates === tried?.method);
  const parts = [
    judgeBest(rows),
    ...(tried === undefined
      ? []
      : [
          judge(tried, of(baseline.name), "random images"),
          ...(copies === undefined || of(copies.name) === undefined
            ? []
            : [judge(tried, of(copies.name), "its own copies (u = 0)")]),
        ]),
  ];
  return `${plural(ipc, "image")} a class, ${table.labels} labels, ${table.student}: ${parts.join("; ")}.`;
};

/** A sentence for every budget of every table, or of one student's, in the order of the tables. */
export const comparisonJudgements = (comparison: Comparison, student?: string): readonly string[] =>
  tablesOf(comparison)
    .filter((table) => student === undefined || table.student === student)
    .flatMap((table) => budgetsOf(table.rows).map((ipc) => judgeBudget(table, ipc)));

/** The rows of the first table at its first budget, and all the data's. */
export const firstRows = (comparison: Comparison): readonly ComparedSetRow[] => {
  const [table] = tablesOf(comparison);
  const [ipc] = budgetsOf(table?.rows ?? []);
  return (table?.rows ?? []).filter(({ row }) => row.ipc === ipc || row.method === allData);
};

/** The conclusion of the first table alone, in one or two lines: the best method where there is one, and the random images. */
export const comparisonConclusion = (comparison: Comparison): string =>
  [...warningsOf(comparison.teachers), bestOf(comparison)].join(" ");

const byAccuracy = (rows: readonly ComparedSetRow[]): ComparedSetRow[] =>
  rows.toSorted((a, b) => b.row.accuracy.mean - a.row.accuracy.mean);

/** The row of the first table at its first budget that is clearly above all its others, where there is one. */
export const clearlyBest = (comparison: Comparison): ComparedSetRow | undefined => {
  const [best, ...others] = byAccuracy(firstRows(comparison).filter(measuredSet));
  const above = ({ row }: ComparedSetRow): boolean => compare(best!.row.accuracy, row.accuracy).verdict === "better";
  return others.length > 0 && others.every(above) ? best : undefined;
};

const bestOf = (comparison: Comparison): string => {
  const [table] = tablesOf(comparison);
  const rows = firstRows(comparison).filter(measuredSet);
  const [best] = byAccuracy(rows);
  if (table === undefined || best === undefined) return "No student has been trained yet.";
  const where = `with ${plural(best.row.ipc ?? 0, "image")} a class, ${table.labels} labels and ${table.student}`;
  /** Its variant only where another row has the same method. */
  const named = (row: ComparisonRow): string =>
    rows.filter((one) => one.row.method === row.method).length > 1 ? nameOf(row) : nameOf({ method: row.method });
  if (clearlyBest(comparison) !== undefined) return `Clearly best ${where}: ${named(best.row)}.`;
  const gaining = rows.filter(({ toRandom }) => toRandom?.verdict === "better");
  const against = rows.some(({ toRandom }) => toRandom !== undefined);
  const beside =
    gaining.length === 0
      ? "none is clearly above random images"
      : `${listed(gaining.slice(0, 3).map(({ row }) => named(row)))}${gaining.length > 3 ? ` and ${gaining.length - 3} more are` : gaining.length > 1 ? " are" : " is"} clearly above random images`;
  return `No method is clearly best ${where}${against ? `; ${beside}` : ""}.`;
};

/** The first of them: the recipe's first labels, student and budget. Any other choice would be one by the test set. */
export const comparisonHeadline = (comparison: Comparison): string =>
  [
    ...warningsOf(comparison.teachers),
    upper(comparisonJudgements(comparison)[0] ?? "No student has been trained yet."),
  ].join(" ");

/** Says that a comparison is not finished; undefined at its end. */
export const unfinished = ({ pending = [], failed = [] }: Comparison): string | undefined =>
  pending.length === 0
    ? undefined
    : [
        `Not finished: no student was trained yet on ${listed(pending)}. What stands here does not change any more; the same command goes on.`,
        ...failed.map((line) => `Failed on every try: ${line}`),
      ].join(" ");

/** A footnote on the measurements. */
export const rulesOfComparison = ({ sets }: Comparison): string => {
  const draws = new Set(sets.map(({ draw = 0 }) => draw)).size;
  return [
    `At one budget all students get the same kind of labels from the same teachers, the same augmentation, batches and number of steps, INFER's. ${ruleOfJudgement}`,
    ...(draws > 1
      ? [`Every row holds the students of ${draws} sets, each from a draw of first images of its own, draw by draw.`]
      : [distilledOnce]),
    "An interval is of one pair: the highest of many rows is expected to be somewhat lower when measured again.",
    "Bytes are the files of a set, of the heaviest where there are several; dynamic labels are charged with the teachers’ weights.",
  ].join(" ");
};

/** A footnote on a set's iterations. */
export const ruleOfIterations =
  "Iterations are steps of each part of a set that is learnt by itself: a compensator, one image of every class, the images of one class, or all of it. " +
  "Papers take more of some: 20,000 of DM, 4,000 of G-VBSM.";

/** A footnote on the measurement of peak memory. */
export const ruleOfMemory = (comparison: Comparison): string => {
  const ways = [...new Set(comparison.sets.flatMap(({ peakMemory }) => peakMemory?.by ?? []))];
  const words = {
    VmHWM: "Linux's own mark of it (VmHWM), set back before each stage",
    sampled: "looked at every 50 ms",
  };
  const how = listed(ways.map((way) => words[way]));
  return (
    "Seconds are those of making a set, teachers apart, over all the times that it was taken up; noise is charged with the compensators whose norms it has, and so is each way in which the same ones are stored. " +
    `Peak memory is the largest resident set of the whole process meanwhile, data and teachers included${how === "" ? "" : `: ${how}`}; what earlier sets left to the process counts as well.`
  );
};
