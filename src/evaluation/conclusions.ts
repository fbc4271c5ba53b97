// Conclusions from a report's rows: when random images' accuracy is reached, and how sets rank students.
import { allData, type Kendall, type LabelledSet, type Ranking, type Report, type Retained } from "./rows.ts";
import { type BudgetRow, comparedRows, measured } from "./statistics.ts";

interface Rows {
  readonly rows: readonly BudgetRow[];
}

/**
 * Kendall's tau-b of two scores of the same things: (C - D) / sqrt((P - X)(P - Y)), where of P pairs C are ordered alike, D
 * the other way round, X tie in the one score and Y in the other (Kendall 1945, "The treatment of ties in ranking problems").
 */
export const kendall = (a: readonly number[], b: readonly number[]): Kendall => {
  const orders = a.flatMap((_, i) =>
    a.slice(0, i).map((_, j) => [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)] as const),
  );
  const count = (holds: (x: number, y: number) => boolean): number => orders.filter(([x, y]) => holds(x, y)).length;
  const agreeing = count((x, y) => x * y > 0);
  const opposed = count((x, y) => x * y < 0);
  const untied = Math.sqrt(count((x) => x !== 0) * count((_, y) => y !== 0));
  return { ...(untied > 0 && { tau: (agreeing - opposed) / untied }), agreeing, pairs: orders.length };
};

const setOf = ({ method, labels, ipc, variant }: BudgetRow): LabelledSet => ({
  method,
  labels,
  ...(ipc !== undefined && { ipc }),
  ...(variant !== undefined && { variant }),
});

/** Fewer students than these make one pair, which agrees or does not. */
const fewestStudents = 3;

/** Ranks the students of every set that at least three of all the data's were trained on; in the order of the tables. */
export const rankingsOf = (report: Rows): readonly Ranking[] => {
  const sets = new Map<string, { readonly set: LabelledSet; readonly own: number[]; readonly full: number[] }>();
  for (const { row, full } of comparedRows(report)) {
    if (full === undefined) continue;
    const set = setOf(row);
    const key = JSON.stringify(set);
    const means = sets.get(key) ?? { set, own: [], full: [] };
    means.own.push(row.accuracy.mean);
    means.full.push(full.accuracy.mean);
    sets.set(key, means);
  }
  return [...sets.values()]
    .filter(({ own }) => own.length >= fewestStudents)
    .map(({ set, own, full }) => ({ ...set, students: own.length, ...kendall(own, full) }));
};

/** The numbers that others cite, of every row but all the data's; in the order of the tables. */
export const retainedOf = (report: Rows): readonly Retained[] =>
  comparedRows(report)
    .filter(({ row }) => row.method !== allData && measured(row))
    .map(({ row, full, toRandom, toFull }) => ({
      ...setOf(row),
      student: row.student,
      ...(full && full.accuracy.mean > 0 && { share: row.accuracy.mean / full.accuracy.mean }),
      ...(toRandom && { improvement: toRandom.delta }),
      ...(toFull && row.labels === "hard" && { recovery: -toFull.delta }),
    }));

/** The conclusions that are written into a report beside its rows. */
export const conclusionsOf = (report: Rows): Required<Pick<Report, "reached" | "rankings" | "retained">> => ({
  reached: comparedRows(report).flatMap(({ row, reached }) =>
    reached === undefined ? [] : [{ ...setOf(row), student: row.student, ...reached }],
  ),
  rankings: rankingsOf(report),
  retained: retainedOf(report),
});
