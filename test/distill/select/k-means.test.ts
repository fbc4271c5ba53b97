import { expect, test } from "vitest";
import { kMeans } from "../../../src/distill/select/k-means.ts";
import { stream } from "../../../src/support/random.ts";

const [n, size, k] = [40, 3, 4];

/** Rows of four groups, each row near to the corner of its group. */
const grouped = (apart: number): Float32Array => {
  const { normal } = stream(1, "groups");
  return Float32Array.from({ length: n * size }, (_, at) => {
    const [row, i] = [Math.floor(at / size), at % size];
    return normal() + apart * (((row % k) >> i) & 1);
  });
};

const distance = (rows: Float32Array, row: number, centre: readonly number[]): number =>
  centre.reduce((sum, value, i) => sum + (rows[row * size + i]! - value) ** 2, 0);

/** Lloyd's iterations one value at a time. */
const plainly = (rows: Float32Array, iterations: number): number[] => {
  let centres = [...stream(2, "start").permutation(n).subarray(0, k)].map((row) => [
    ...rows.subarray(row * size, row * size + size),
  ]);
  const assign = (): number[] =>
    Array.from({ length: n }, (_, row) => {
      const all = centres.map((centre) => distance(rows, row, centre));
      return all.indexOf(Math.min(...all));
    });
  for (let t = 0; t < iterations; t++) {
    const clusters = assign();
    centres = centres.map((_, c) => {
      const own = clusters.flatMap((cluster, row) => (cluster === c ? [row] : []));
      return [0, 1, 2].map((i) => own.reduce((sum, row) => sum + rows[row * size + i]!, 0) / own.length);
    });
  }
  return assign();
};

test.each([0, 1, 4])("clusters are those of %i plain iterations", (iterations) => {
  const rows = grouped(2);
  expect([...kMeans({ rows, size }, k, iterations, stream(2, "start"))]).toEqual(plainly(rows, iterations));
});

test("as many clusters as rows hold a row each, and equal rows are one cluster", () => {
  expect(new Set(kMeans({ rows: grouped(1), size }, n, 3, stream(2, "start"))).size).toBe(n);
  expect(new Set(kMeans({ rows: new Float32Array(n * size), size }, k, 3, stream(2, "start"))).size).toBe(1);
});
