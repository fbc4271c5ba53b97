import { describe, expect, test } from "vitest";
import { median, quantile, ratioOf } from "../../bench/statistics.ts";

describe("quantiles", () => {
  test("of odd and even numbers of samples, in any order", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(quantile([0, 10, 20, 30, 40], 0.25)).toBe(10);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([5, 1, 9], 0)).toBe(1);
    expect(quantile([5, 1, 9], 1)).toBe(9);
  });

  test("of nothing is not a number", () => {
    expect(median([])).toBeNaN();
  });
});

describe("ratio", () => {
  test("is of the medians of all samples, and goes round by round beside it", () => {
    const theirs = [
      [20, 22, 24],
      [60, 60],
    ];
    const ours = [[11], [20, 40]];
    expect(ratioOf(theirs, ours)).toEqual({ value: 24 / 20, rounds: [2, 2] });
  });

  test("leaves out rounds in which a side has no sample", () => {
    expect(ratioOf([[10], [], [30]], [[5], [5], []])).toEqual({ value: 20 / 5, rounds: [2] });
  });

  test("is undefined where a side has no sample at all", () => {
    expect(ratioOf([[], []], [[1], [1]])).toBeUndefined();
    expect(ratioOf([[1]], [[]])).toBeUndefined();
  });
});
