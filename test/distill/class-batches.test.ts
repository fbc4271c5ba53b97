import { expect, test } from "vitest";
import { classBatches, classesOf } from "../../src/distill/class-batches.ts";

test("many classes go through in batches of nearly equal size, every class as often as was asked for", () => {
  expect(classBatches(2, 3)).toEqual([
    { k: 0, from: 0, to: 3, part: [] },
    { k: 1, from: 0, to: 3, part: [] },
  ]);
  expect(classBatches(1, 100)).toHaveLength(1);
  const batches = classBatches(3, 257);
  expect(new Set(batches.map(({ from, to }) => to - from))).toEqual(new Set([85, 86]));
  for (let k = 0; k < 3; k++) {
    const classes = batches.filter((batch) => batch.k === k).flatMap((batch) => [...classesOf(batch)]);
    expect(classes).toEqual(Array.from({ length: 257 }, (_, c) => c));
  }
});
