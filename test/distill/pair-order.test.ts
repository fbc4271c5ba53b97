import { expect, test } from "vitest";
import { momentOf, pairOrder } from "../../src/distill/pair-order.ts";
import { batchIndices } from "../../src/training/batches.ts";

const [networks, moments, views] = [2, 3, 4];
const counts = { networks: networks * moments, moments, views };
const count = networks * moments * views;

/** The pairs of all steps. */
const pairsIn = (...[order, steps, seed = 5]: [Parameters<typeof pairOrder>[0], number, number?]): number[] => {
  const at = pairOrder(order, counts, seed, steps);
  return Array.from({ length: steps }, (_, step) => at(step));
};

test("random pairs come in the order that they always had", () => {
  const order = batchIndices(count, 1, 5, "pairs");
  expect(pairsIn("random", 60)).toEqual(Array.from({ length: 60 }, (_, step) => order(step)[0]));
});

test("early-to-late sees every pair of a moment before one again, and then those of the next moment", () => {
  const each = networks * views;
  for (const rounds of [1, 2]) {
    const pairs = pairsIn("early-to-late", count * rounds);
    for (let m = 0; m < moments; m++) {
      for (let round = 0; round < rounds; round++) {
        const from = (m * rounds + round) * each;
        const own: number[] = [];
        for (let n = 0; n < networks; n++) for (let v = 0; v < views; v++) own.push((n * moments + m) * views + v);
        expect(pairs.slice(from, from + each).sort((a, b) => a - b)).toEqual(own);
      }
    }
  }
  expect(pairsIn("early-to-late", count)).not.toEqual(pairsIn("early-to-late", count, 6));
});

test.each([1, 2, 3, 7, 100])("early-to-late never goes back, of %i steps", (steps) => {
  const seen = pairsIn("early-to-late", steps).map((pair) => momentOf(pair, counts));
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  const times = Array.from({ length: moments }, (_, m) => seen.filter((one) => one === m).length);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
});
