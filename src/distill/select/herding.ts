// Herding: images whose mean features are near to those of their class.
import { defineMethod } from "../method.ts";
import { type Choose, choosing } from "./choose.ts";
import { centroid, squaredDistance } from "./geometry.ts";

/**
 * Rows whose mean is near to the mean of all, greedily: the k-th brings the mean of the first k as near to it as can be. The
 * first of equals wins.
 */
export const herdingGreedy: Choose = (features, count) => {
  const { rows, size } = features;
  const mean = centroid(features);
  // What the next row should be, so that the sum of k rows is k means: k mean - sum of those before.
  const wanted = Float64Array.from(mean);
  const left = new Set(Array.from({ length: rows.length / size }, (_, row) => row));
  return Int32Array.from({ length: count }, () => {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (const row of left) {
      const distance = squaredDistance(features, row, wanted);
      if (distance < least) [best, least] = [row, distance];
    }
    left.delete(best);
    for (let i = 0; i < size; i++) wanted[i]! += mean[i]! - rows[best * size + i]!;
    return best;
  });
};

/**
 * Herding (Welling, ICML 2009, "Herding dynamical weights to learn"), in the greedy form of iCaRL (Rebuffi et al., CVPR 2017,
 * arXiv 1611.07725, algorithm 4): each image is chosen once, to bring the mean of those chosen so far as near to the class
 * mean as can be. Features are not scaled to unit length, which iCaRL does.
 */
export const herding = defineMethod(
  {},
  {
    name: "herding",
    title: "Herding",
    paper: "1611.07725",
    about: "real images whose features have the mean of their class",
    family: "real",
    mark: "square",
    needs: { teachers: "one" },
    pixels: "natural",
    ...choosing("herding", herdingGreedy),
  },
);
