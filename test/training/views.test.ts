import { expect, test } from "vitest";
import { classification } from "../../src/tasks/classification.ts";
import type { Classifier } from "../../src/training/predict.ts";
import { sixViews } from "../../src/training/views.ts";

const task = classification(2, { height: 3, width: 4 });
const size = 3 * 3 * 4;

/** "Logits" that are the image's first pixel and the sum of its first row: both tell views apart. */
const seen: number[][] = [];
const probe: Classifier = {
  logits: async (images) => {
    const n = images.length / size;
    const out = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const row = images.subarray(i * size, i * size + 4);
      seen.push([...row]);
      out.set([row[0]!, row.reduce((sum, v) => sum + v, 0)], 2 * i);
    }
    return out;
  },
  release: async () => undefined,
};

test("sixViews: the image and two shifts by a pixel, each also mirrored, weighing 1/4 and 1/8", async () => {
  const images = Float32Array.from({ length: 2 * size }, (_, i) => i);
  seen.length = 0;
  const logits = await sixViews(probe, task).logits(images);
  // First rows of image 0: rows 0..3, 4..7, 8..11 of its first plane.
  const rows = [
    { row: [0, 1, 2, 3], weight: 1 / 4 },
    { row: [5, 4, 5, 6], weight: 1 / 8 },
    { row: [5, 6, 7, 6], weight: 1 / 8 },
  ].flatMap(({ row, weight }) => [
    { row, weight },
    { row: row.toReversed(), weight },
  ]);
  expect(seen.filter((_, i) => i % 2 === 0)).toEqual(rows.map(({ row }) => row));
  const first = rows.reduce((sum, { row, weight }) => sum + weight * row[0]!, 0);
  const total = rows.reduce((sum, { row, weight }) => sum + weight * row.reduce((s, v) => s + v, 0), 0);
  expect(logits[0]).toBeCloseTo(first, 6);
  expect(logits[1]).toBeCloseTo(total, 5);
  expect(logits[2]).toBeCloseTo(first + size, 5);
  expect(logits).toHaveLength(4);
});
