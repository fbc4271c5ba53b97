// k-means: rows of features in clusters around their means.
import type { Random } from "../../support/random.ts";
import type { Features } from "./choose.ts";
import { squaredDistance } from "./geometry.ts";

/** The centre that is nearest to a row, the first of equals. */
const nearest = (features: Features, row: number, centres: readonly ArrayLike<number>[]): number => {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (const [k, centre] of centres.entries()) {
    const distance = squaredDistance(features, row, centre);
    if (distance < least) [best, least] = [k, distance];
  }
  return best;
};

/** Means of the rows of each cluster; a cluster without any keeps its centre. */
const meansOf = ({ rows, size }: Features, clusters: Int32Array, before: readonly Float64Array[]): Float64Array[] => {
  const counts = new Int32Array(before.length);
  const sums = before.map(() => new Float64Array(size));
  for (const [row, k] of clusters.entries()) {
    counts[k]!++;
    for (let i = 0; i < size; i++) sums[k]![i]! += rows[row * size + i]!;
  }
  return sums.map((sum, k) => (counts[k] === 0 ? before[k]! : sum.map((value) => value / counts[k]!)));
};

/** The cluster of each row after Lloyd's iterations, which begin with k different rows drawn at random. */
export const kMeans = (features: Features, k: number, iterations: number, random: Random): Int32Array => {
  const { rows, size } = features;
  const n = rows.length / size;
  const assign = (to: readonly Float64Array[]) =>
    Int32Array.from({ length: n }, (_, row) => nearest(features, row, to));
  let centres: readonly Float64Array[] = Array.from(random.permutation(n).subarray(0, k), (row) =>
    Float64Array.from(rows.subarray(row * size, (row + 1) * size)),
  );
  for (let i = 0; i < iterations; i++) centres = meansOf(features, assign(centres), centres);
  return assign(centres);
};
