// The distance of means.
import { mul, reduceSum, sub, type Value } from "../../../autodiff/index.ts";
import { nothingDrawn, ofMeans } from "./distance.ts";

/** Sum of squares of a - b. */
export const squaredGap = (a: Value, b: Value): Value => {
  const apart = sub(a, b);
  return reduceSum(mul(apart, apart));
};

/** || mean synthetic - mean real ||^2 (DM, arXiv 2110.04181, equation 6). */
export const mean = ofMeans({
  name: "mean",
  about: "squared distance of mean features",
  key: {},
  ...nothingDrawn,
  embed: (features) => features,
  gap: squaredGap,
});
