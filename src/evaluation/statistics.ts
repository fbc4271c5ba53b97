// Differences of accuracies and what may be said of them.
import { baseline } from "../distill/registry.ts";
import { reachedBy } from "./marks.ts";
import { type Accuracy, type AccuracyRow, allData, type LabelledSet, type Reached } from "./rows.ts";

/**
 * - `better`, `worse`: the 95 % interval of the difference excludes zero.
 * - `unclear`: it does not; the seeds alone may explain the difference.
 * - `unknown`: one side has a single seed, so nothing is known about its spread.
 */
export type Verdict = "better" | "worse" | "unclear" | "unknown";

/** A difference of two mean accuracies, in percentage points. */
export interface Difference {
  readonly delta: number;
  /** 95 % Welch interval; absent when either side has fewer than two seeds. */
  readonly interval?: readonly [low: number, high: number];
  readonly verdict: Verdict;
}

/** A row; where several budgets and several ways of one method are compared, of which one it is. */
export type BudgetRow = AccuracyRow & LabelledSet;

/** A row beside the rows it has to be read against. */
export interface ComparedRow<Row extends BudgetRow = AccuracyRow> {
  readonly row: Row;
  /** Random images with the same labels, student and budget, and in the same variant if there are such; not for themselves. */
  readonly random?: Row;
  /** All the data, hard labels, the same student. */
  readonly full?: Row;
  readonly toRandom?: Difference;
  readonly toFull?: Difference;
  /** The accuracy of `random` after all steps, and the first mark there; absent where `row` was not measured on the way. */
  readonly reached?: Reached;
}

/** 97.5 % quantiles of Student's t for 1..30 degrees of freedom. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;

/**
 * 97.5 % quantile of Student's t. Between two whole numbers, and from 30 to infinity (1.96), it is taken linear in
 * 1/df; the quantile is convex in 1/df, so the interval can only come out slightly too wide.
 */
export const studentQuantile = (df: number): number => {
  const lower = Math.max(1, Math.floor(df));
  if (lower >= 30) return 1.96 + ((2.042 - 1.96) * 30) / df;
  const atLower = quantiles[lower - 1]!;
  const atUpper = quantiles[lower]!;
  const weight = (1 / Math.max(df, 1) - 1 / (lower + 1)) / (1 / lower - 1 / (lower + 1));
  return atUpper + weight * (atLower - atUpper);
};

/**
 * The difference a - b with Welch's interval: Δ ± t(df) sqrt(s_a²/n_a + s_b²/n_b), df by Welch and Satterthwaite.
 * Chosen over a fixed two standard errors because two or three seeds are usual, and there two standard errors claim a
 * difference far too often. The deviations are those of the students' seeds.
 */
export const compare = (a: Accuracy, b: Accuracy): Difference => {
  const delta = a.mean - b.mean;
  const [na, nb] = [a.values.length, b.values.length];
  if (na < 2 || nb < 2) return { delta, verdict: "unknown" };
  const [va, vb] = [a.std ** 2 / na, b.std ** 2 / nb];
  const variance = va + vb;
  const df = variance > 0 ? variance ** 2 / (va ** 2 / (na - 1) + vb ** 2 / (nb - 1)) : 1;
  const reach = variance > 0 ? studentQuantile(df) * Math.sqrt(variance) : 0;
  const interval = [delta - reach, delta + reach] as const;
  const verdict = interval[0] > 0 ? "better" : interval[1] < 0 ? "worse" : "unclear";
  return { delta, interval, verdict };
};

export const measured = <Row extends AccuracyRow>(row: Row | undefined): row is Row =>
  row !== undefined && row.accuracy.values.length > 0 && Number.isFinite(row.accuracy.mean);

const compared = <Row extends BudgetRow>(row: Row, rows: readonly Row[]): ComparedRow<Row> => {
  if (!measured(row)) return { row };
  const randoms = rows.filter(
    (r) => r.method === baseline.name && r.labels === row.labels && r.student === row.student && r.ipc === row.ipc,
  );
  const random = randoms.find((r) => r.variant === row.variant) ?? randoms.find((r) => r.variant === undefined);
  const beside = row.method !== baseline.name && row.method !== allData;
  const full = rows.find((r) => r.method === allData && r.student === row.student);
  return {
    row,
    ...(beside && measured(random)
      ? {
          random,
          toRandom: compare(row.accuracy, random.accuracy),
          ...(row.marks && { reached: reachedBy(row, random.accuracy.mean) }),
        }
      : {}),
    ...(row.method !== allData && measured(full) ? { full, toFull: compare(row.accuracy, full.accuracy) } : {}),
  };
};

/**
 * Every row with its differences, ordered to be read: by student, then labels, then budget, then method, all as they are
 * first named, random images behind the methods that are read against them, the full data last.
 */
export const comparedRows = <Row extends BudgetRow>({
  rows,
}: {
  readonly rows: readonly Row[];
}): readonly ComparedRow<Row>[] => {
  const sets = rows.filter((r) => r.method !== allData);
  const students = [...new Set(rows.map((r) => r.student))];
  const labels = [...new Set(sets.map((r) => r.labels))];
  const budgets = [...new Set(sets.map((r) => r.ipc))];
  const others = [...new Set(sets.map((r) => r.method).filter((method) => method !== baseline.name))];
  const rank = (r: Row): readonly number[] => [
    students.indexOf(r.student),
    r.method === allData ? 1 : 0,
    labels.indexOf(r.labels),
    budgets.indexOf(r.ipc),
    r.method === baseline.name ? others.length : others.indexOf(r.method),
  ];
  const before = (a: Row, b: Row): number => {
    const ranks = rank(b);
    return rank(a).reduce((order, at, i) => order || at - ranks[i]!, 0);
  };
  return [...rows].sort(before).map((row) => compared(row, rows));
};
