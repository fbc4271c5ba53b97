// k-centre: images that cover the features of their class.
import { defineMethod } from "../method.ts";
import { type Choose, choosing } from "./choose.ts";
import { centroid, squaredDistance } from "./geometry.ts";

const firstLargest = (values: Float64Array): number =>
  values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);

/** Rows that leave no row far from all of them: the one nearest to the mean, then always the one farthest from those chosen. */
export const kCentreGreedy: Choose = (features, count) => {
  const { rows, size } = features;
  const n = rows.length / size;
  const mean = centroid(features);
  const toMean = Float64Array.from({ length: n }, (_, row) => squaredDistance(features, row, mean));
  const toChosen = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const chosen: number[] = [];
  while (chosen.length < count) {
    const next = chosen.length === 0 ? firstLargest(toMean.map((d) => -d)) : firstLargest(toChosen);
    chosen.push(next);
    const centre = rows.subarray(next * size, (next + 1) * size);
    for (let row = 0; row < n; row++) toChosen[row] = Math.min(toChosen[row]!, squaredDistance(features, row, centre));
    // A chosen row is never the farthest again, even where all others are equal to chosen ones.
    toChosen[next] = -1;
  }
  return Int32Array.from(chosen);
};

/**
 * k-centre, greedy (Sener & Savarese, ICLR 2018, arXiv 1708.00489, algorithm 1), class by class: chosen images cover the
 * features of their class. It starts with the image nearest to the class mean, where the paper starts with labelled images.
 */
export const kCentre = defineMethod(
  {},
  {
    name: "k-centre",
    title: "k-centre",
    paper: "1708.00489",
    about: "real images whose features cover their class",
    family: "real",
    mark: "diamond",
    needs: { teachers: "one" },
    pixels: "natural",
    ...choosing("k-centre", kCentreGreedy),
  },
);
