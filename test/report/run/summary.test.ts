import { describe, expect, it } from "vitest";
import type { AccuracyRow } from "../../../src/evaluation/rows.ts";
import { compare, comparedRows, studentQuantile } from "../../../src/evaluation/statistics.ts";
import { headline, judgements, naturalImages } from "../../../src/report/run/summary.ts";
import { accuracyOf, makeReport, row } from "../fixtures.ts";

const say = (...rows: AccuracyRow[]): { headline: string; judgements: readonly string[] } => {
  const report = makeReport({ rows });
  return { headline: headline(report), judgements: judgements(report) };
};

const full = row("full", "hard", [84.2, 83.7, 84.4]);

describe("Welch's interval", () => {
  it("has the quantiles of Student's t", () => {
    expect(studentQuantile(1)).toBeCloseTo(12.706, 3);
    expect(studentQuantile(4)).toBeCloseTo(2.776, 3);
    // Exact: 3.495 at 2.5 degrees of freedom; the interpolation may only be wider.
    expect(studentQuantile(2.5)).toBeGreaterThanOrEqual(3.495);
    expect(studentQuantile(2.5)).toBeLessThan(3.7);
    expect(studentQuantile(1e6)).toBeCloseTo(1.96, 3);
    for (let df = 1; df < 40; df += 0.25) expect(studentQuantile(df)).toBeGreaterThan(studentQuantile(df + 0.25));
  });

  it("agrees with a worked example", () => {
    // Two samples with s²/n = 1/3 each: df 4, half width 2.776 sqrt(2/3) = 2.267.
    const { delta, interval } = compare(accuracyOf(11, 12, 13), accuracyOf(9, 10, 11));
    expect(delta).toBeCloseTo(2, 12);
    expect(interval![0]).toBeCloseTo(2 - 2.2666, 3);
    expect(interval![1]).toBeCloseTo(2 + 2.2666, 3);
  });

  it("judges", () => {
    expect(compare(accuracyOf(45, 45.5, 45.2), accuracyOf(40, 40.4, 39.8)).verdict).toBe("better");
    expect(compare(accuracyOf(40, 40.4, 39.8), accuracyOf(45, 45.5, 45.2)).verdict).toBe("worse");
    expect(compare(accuracyOf(45, 40, 43), accuracyOf(40, 43, 41)).verdict).toBe("unclear");
    // 1.4 points at two standard errors of 0.4 would pass a rule of thumb; with two seeds a side it is no evidence.
    expect(compare(accuracyOf(41, 41.6), accuracyOf(39.7, 40.1)).verdict).toBe("unclear");
    expect(compare(accuracyOf(50), accuracyOf(40, 40.1, 40.2))).toEqual({
      delta: 50 - accuracyOf(40, 40.1, 40.2).mean,
      verdict: "unknown",
    });
    expect(compare(accuracyOf(40, 40), accuracyOf(40, 40)).verdict).toBe("unclear");
    expect(compare(accuracyOf(41, 41), accuracyOf(40, 40)).verdict).toBe("better");
  });
});

describe("the order and pairing of rows", () => {
  it("pairs by labels and student, and keeps the full data last", () => {
    const rows = [
      full,
      row("random", "static", [40, 41]),
      row("infer", "hard", [30, 31]),
      row("infer", "static", [45, 46]),
      row("infer", "static", [50, 51], { student: "resnet18" }),
    ];
    const compared = comparedRows(makeReport({ rows }));
    expect(compared.map(({ row: r }) => `${r.method} ${r.labels} ${r.student}`)).toEqual([
      "infer static convnet128x3",
      "random static convnet128x3",
      "infer hard convnet128x3",
      "full hard convnet128x3",
      "infer static resnet18",
    ]);
    expect(compared.map(({ toRandom }) => toRandom !== undefined)).toEqual([true, false, false, false, false]);
    expect(compared.map(({ toFull }) => toFull !== undefined)).toEqual([true, true, true, false, false]);
  });
});

describe("the sentence at the top", () => {
  it("claims a clear gain", () => {
    const said = say(row("infer", "static", [44.9, 45.6, 45.2]), row("random", "static", [39.6, 40.2, 39.3]), full);
    expect(said.headline).toMatchInlineSnapshot(
      `"A budget of 100 images, 236 KB on disk, 1.7 % of the data: a convnet128x3 student trained on it reaches 45.2 ± 0.4 %; trained on 100 random images with the same labels 39.7 ± 0.5 %, clearly less; on all the data 84.1 ± 0.4 %."`,
    );
    expect(said.judgements).toMatchInlineSnapshot(`
      [
        "INFER, static labels, convnet128x3: better, +5.5 points against random images (95 % interval +4.6 to +6.5). It reaches random's final accuracy (39.7 %) after 800 steps (1/2).",
      ]
    `);
  });

  it("claims nothing within the deviations", () => {
    const said = say(row("infer", "static", [44, 41, 43]), row("random", "static", [40, 43, 41]), full);
    expect(said.headline).toContain("41.3 ± 1.5 %, no clear difference;");
    expect(said.judgements[0]).toContain("no clear difference, +1.3 points");
  });

  it("says when the set is worse", () => {
    const said = say(row("infer", "static", [39.6, 40.2, 39.3]), row("random", "static", [44.9, 45.6, 45.2]), full);
    expect(said.headline).toContain("45.2 ± 0.4 %, clearly more, so the set does worse than random images;");
    expect(said.judgements[0]).toContain("worse, −5.5 points");
  });

  it("claims nothing from one seed and prints no deviation", () => {
    const said = say(row("infer", "static", [45]), row("random", "static", [30]), row("full", "hard", [84]));
    expect(said.headline).toContain(
      "reaches 45.0 %; trained on 100 random images with the same labels 30.0 %, too few seeds to tell",
    );
    expect(said.headline).not.toContain("±");
    expect(said.judgements[0]).toContain("from one seed each, so the spread is not known");
    const mixed = say(row("infer", "static", [45, 46, 47]), row("random", "static", [30]));
    expect(mixed.judgements[0]).toContain("from 3 and 1 seeds");
  });

  it("says what was not measured", () => {
    expect(say(row("infer", "static", [45, 46])).headline).toContain(
      "random images with the same labels were not measured; all the data was not measured.",
    );
    expect(say().headline).toContain("no student has been trained on it");
    expect(say(row("infer", "static", [])).headline).toContain("no student has been trained on it");
  });

  it("charges dynamic labels with the teachers' weights", () => {
    const said = say(row("infer", "dynamic", [45, 46]), row("random", "dynamic", [44, 45]));
    expect(said.headline).toContain("236 KB on disk plus 48.3 MB of teachers’ weights, 351 % of the data");
  });

  it("does not hide different numbers of steps", () => {
    const said = say(row("infer", "static", [45, 46]), row("random", "static", [30, 31], { steps: 800 }));
    expect(said.headline).toContain("with the same labels for 800 steps in place of 1,600");
    expect(said.judgements[0]).toContain("different numbers of steps");
  });

  it("speaks of the first row, not of the best", () => {
    const said = say(row("infer", "static", [45, 46]), row("infer", "dynamic", [70, 71]));
    expect(said.headline).toContain("45.5");
    expect(said.headline).not.toContain("70.5");
  });
});

it("says that natural images are inside", () => {
  expect(naturalImages(makeReport())).toContain(
    "80 training images (8 of every class) are stored in this set as they were",
  );
  expect(naturalImages(makeReport({ stored: { height: 16, width: 16 } }))).toContain(
    "are stored in this set at 16 × 16 pixels",
  );
});
