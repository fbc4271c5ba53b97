// Means and distances of rows of features, in double precision.
import type { Features } from "./choose.ts";

/** The mean of all rows. */
export const centroid = ({ rows, size }: Features): Float64Array => {
  const mean = new Float64Array(size);
  rows.forEach((value, i) => {
    mean[i % size]! += value;
  });
  const n = rows.length / size;
  return mean.map((sum) => sum / n);
};

/** Squared distance of a row to a point. */
export const squaredDistance = ({ rows, size }: Features, row: number, point: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += (rows[row * size + i]! - point[i]!) ** 2;
  return sum;
};
