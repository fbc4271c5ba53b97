import { describe, expect, it } from "vitest";
import { courseOf, marksOf, reachedBy } from "../../src/evaluation/marks.ts";
import { accuracyOf, row } from "../report/fixtures.ts";

describe("marks", () => {
  it("are an eighth, a quarter and a half of the steps, whole, different, and never none", () => {
    const stepsAt = (steps: number): number[] => marksOf(steps).map((mark) => mark.steps);
    expect([1200, 27, 8].map(stepsAt)).toEqual([
      [150, 300, 600],
      [3, 6, 13],
      [1, 2, 4],
    ]);
    expect([7, 5, 4, 3, 2, 1].map(stepsAt)).toEqual([[1, 3], [1, 2], [1, 2], [1], [1], []]);
    expect(marksOf(5).map(({ share }) => share)).toEqual([1 / 4, 1 / 2]);
    for (let steps = 1; steps < 100; steps++) {
      const all = [0, ...stepsAt(steps), steps];
      expect(all).toEqual([...new Set(all)].sort((a, b) => a - b));
    }
  });

  it("end with the last step, also in rows without any", () => {
    const { marks: _, ...plain } = row("infer", "hard", [40, 42]);
    expect(courseOf(plain)).toEqual([{ share: 1, steps: 1600, accuracy: plain.accuracy }]);
    expect(courseOf(row("infer", "hard", [40, 42])).map(({ steps }) => steps)).toEqual([200, 400, 800, 1600]);
  });
});

describe("an accuracy is reached", () => {
  // In the mean over seeds: 30, 36, 35, 40.
  const means = [
    [29, 31],
    [30, 42],
    [35, 35],
  ] as const;
  const marks = marksOf(800).map((mark, i) => ({ ...mark, accuracy: accuracyOf(...means[i]!) }));
  const one = row("infer", "hard", [39, 41], { steps: 800, marks });

  it.each([
    [12, 1 / 8, 100],
    [30, 1 / 8, 100],
    [30.1, 1 / 4, 200],
    [36, 1 / 4, 200],
    [36.1, 1, 800],
    [40, 1, 800],
  ])("%d % after a share of %d, the first whose mean is there", (accuracy, share, steps) => {
    expect(reachedBy(one, accuracy)).toEqual({ accuracy, at: { share, steps } });
  });

  it("never, where no mean is there", () => {
    expect(reachedBy(one, 40.1)).toEqual({ accuracy: 40.1 });
  });
});
