import { describe, expect, test } from "vitest";
import { argmaxRows, classification, oneHot } from "../../src/tasks/classification.ts";

describe("oneHot", () => {
  test("1 on the label, 0 elsewhere", () => {
    expect([...oneHot([2, 0], 3)]).toEqual([0, 0, 1, 1, 0, 0]);
    expect(oneHot([], 3)).toHaveLength(0);
  });

  test("smoothing is spread over all classes, the label included", () => {
    const expected = [0.05, 0.85, 0.05, 0.05];
    [...oneHot([1], 4, 0.2)].forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 6);
    });
  });

  test.each([0, 0.1, 0.5, 1])("rows sum to 1 with smoothing %d", (smoothing) => {
    const rows = oneHot([0, 4, 9, 4], 10, smoothing);
    for (let i = 0; i < 4; i++) {
      const sum = rows.subarray(10 * i, 10 * (i + 1)).reduce((s, v) => s + v, 0);
      expect(sum).toBeCloseTo(1, 6);
    }
  });
});

test("argmaxRows finds each row's largest, the first of equals", () => {
  expect([...argmaxRows(Float32Array.of(0, 2, 1, -3, -2, -1, 5, 5, 4), 3)]).toEqual([1, 2, 0]);
});

describe("accuracy", () => {
  const { metric } = classification(2, { height: 1, width: 1 });
  const [zero, one] = [
    [5, 1],
    [0, 2],
  ];

  test("is of all batches together", () => {
    const some = metric.start.add(Float32Array.of(...zero!, ...one!, ...one!), [0, 0, 1]);
    expect(some.value).toBeCloseTo(200 / 3, 12);
    expect(some.add(Float32Array.of(...zero!), [0]).value).toBe(75);
    expect(some.value).toBeCloseTo(200 / 3, 12);
    expect(some.byClass).toEqual([50, 100]);
  });

  test("is NaN of no images", () => {
    expect(metric.start.value).toBeNaN();
    expect(metric.start.byClass).toEqual([Number.NaN, Number.NaN]);
    expect(metric.start.add(new Float32Array(), []).value).toBeNaN();
  });
});
