import { describe, expect, it } from "vitest";
import { conclusionsOf, kendall, rankingsOf } from "../../src/evaluation/conclusions.ts";
import type { AccuracyRow } from "../../src/evaluation/rows.ts";
import { row } from "../report/fixtures.ts";

describe("Kendall's tau-b", () => {
  it.each([
    ["the same order", [1, 2, 3, 4], [10, 20, 30, 31], 1, 6, 6],
    ["the reverse", [1, 2, 3, 4], [4, 3, 2, 1], -1, 0, 6],
    ["one pair turned", [1, 2, 3, 4], [1, 3, 2, 4], 4 / 6, 5, 6],
    // 2 pairs tie in the first, 1 in the second: C = 2, D = 6 of 10 pairs. SciPy gives -0.4714045207910316.
    ["ties in both", [12, 2, 1, 12, 2], [1, 4, 7, 1, 0], -4 / Math.sqrt(8 * 9), 2, 10],
    ["a tie in one", [1, 1, 2], [1, 2, 3], 2 / Math.sqrt(2 * 3), 2, 3],
  ])("%s", (_what, a, b, tau, agreeing, pairs) => {
    const found = kendall(a, b);
    expect(found).toMatchObject({ agreeing, pairs });
    expect(found.tau).toBeCloseTo(tau, 14);
    expect(kendall(b, a)).toEqual(found);
  });

  it("is not there where one of the orders is none", () => {
    expect(kendall([1, 2, 3], [5, 5, 5])).toEqual({ agreeing: 0, pairs: 3 });
    expect(kendall([], [])).toEqual({ agreeing: 0, pairs: 0 });
  });
});

const students = ["a", "b", "c"] as const;
const rowsOf = (
  method: string,
  labels: AccuracyRow["labels"],
  means: readonly number[],
  more: { readonly ipc?: number; readonly variant?: string } = {},
) => means.map((mean, i) => ({ ...row(method, labels, [mean - 1, mean + 1], { student: students[i]! }), ...more }));

describe("a report's conclusions", () => {
  const full = rowsOf("full", "hard", [70, 80, 90]);

  it("rank students on each set with each kind of labels by their means", () => {
    const rows = [
      ...rowsOf("infer", "static", [30, 40, 50], { ipc: 10 }),
      ...rowsOf("infer", "static", [50, 40, 30], { ipc: 50 }),
      ...rowsOf("infer", "static", [30, 50, 40], { ipc: 10, variant: "alpha=1" }),
      ...rowsOf("infer", "hard", [30, 30, 30], { ipc: 10 }),
      ...full,
    ];
    expect(rankingsOf({ rows })).toEqual([
      { method: "infer", labels: "static", ipc: 10, students: 3, tau: 1, agreeing: 3, pairs: 3 },
      {
        method: "infer",
        labels: "static",
        ipc: 10,
        variant: "alpha=1",
        students: 3,
        tau: 1 / 3,
        agreeing: 2,
        pairs: 3,
      },
      { method: "infer", labels: "static", ipc: 50, students: 3, tau: -1, agreeing: 0, pairs: 3 },
      { method: "infer", labels: "hard", ipc: 10, students: 3, agreeing: 0, pairs: 3 },
    ]);
  });

  it("need three students that all the data had too", () => {
    const rows = rowsOf("infer", "static", [30, 40, 50]);
    expect(rankingsOf({ rows })).toEqual([]);
    expect(rankingsOf({ rows: [...rows, ...full.slice(1)] })).toEqual([]);
    expect(rankingsOf({ rows: [...rows.slice(1), ...full] })).toEqual([]);
    expect(rankingsOf({ rows: [...rows, ...full] })).toHaveLength(1);
  });

  it("say when random images' last accuracy is reached, where there is such a row", () => {
    const of = (...rows: AccuracyRow[]) => conclusionsOf({ rows }).reached;
    const set = row("infer", "static", [40, 42]);
    const infer = { method: "infer", labels: "static", student: "convnet128x3" };
    // The marks are at 60, 80 and 95 % of the end.
    const random = row("random", "static", [30, 32]);
    expect(of(set, random)).toEqual([{ ...infer, accuracy: 31, at: { share: 1 / 4, steps: 400 } }]);
    expect(of(set, row("random", "static", [41, 43]))).toEqual([{ ...infer, accuracy: 42 }]);
    expect(of(set, row("random", "hard", [30, 32]))).toEqual([]);
    expect(of(set)).toEqual([]);
    const { marks: _, ...earlier } = set;
    expect(of(earlier, random)).toEqual([]);
  });
});

it("the numbers that others cite are read off the rows, each only where its rows are there", () => {
  const rows = [
    row("infer", "static", [40, 42]),
    row("infer", "hard", [20, 22]),
    row("random", "static", [30, 32]),
    row("full", "hard", [80, 84]),
  ];
  const of = (method: string, labels: string) => ({ method, labels, student: "convnet128x3" });
  expect(conclusionsOf({ rows }).retained).toEqual([
    { ...of("infer", "static"), share: 0.5, improvement: 10 },
    { ...of("random", "static"), share: 31 / 82 },
    { ...of("infer", "hard"), share: 21 / 82, recovery: 61 },
  ]);
  expect(conclusionsOf({ rows: rows.slice(0, 1) }).retained).toEqual([of("infer", "static")]);
});
