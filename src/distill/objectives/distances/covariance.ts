// The distance of means and covariances.
import { add, concat, matmul, mul, reduceSum, sub, type Value } from "../../../autodiff/index.ts";
import { type Distance, meanOf, nothingDrawn } from "./distance.ts";
import { squaredGap } from "./mean.ts";

/** Weight of the covariances beside the means, before it is divided by F. */
const weight = 50;

/** Rows [n, F] about their mean, divided by sqrt(n): their covariance is A' A (biased, so that one image has one, too). */
const centred = (rows: Value, mean: Value): Value => mul(sub(rows, mean), 1 / Math.sqrt(rows.shape[0]!));

/** || A' B ||_F^2 of A [m, F] and B [n, F] as <A A', B B'>: of their products [m, n], never of [F, F]. */
const overlap = (a: Value, b: Value): Value => {
  const products = matmul(a, b, { transposeB: true });
  return reduceSum(mul(products, products));
};

/**
 * || mean - mean ||^2 + 50 || cov - cov ||_F^2 / F (DSDM; F = 2048 there). As || A'A - B'B ||_F^2 = || AA' ||^2 + || BB' ||^2 -
 * 2 || AB' ||^2, no covariance [F, F] is computed, and none can be kept: real features are drawn at every step.
 */
export const covariance: Distance = {
  name: "covariance",
  about: "squared distances of mean features and of their covariances",
  key: { distance: "covariance", weight },
  ...nothingDrawn,
  between: (synthetic, parts) => {
    const real = concat(parts, 0);
    const [own, wanted] = [meanOf([synthetic]), meanOf(parts)];
    const [a, b] = [centred(synthetic, own), centred(real, wanted)];
    const apart = sub(add(overlap(a, a), overlap(b, b)), mul(overlap(a, b), 2));
    return add(squaredGap(own, wanted), mul(apart, weight / synthetic.shape[1]!));
  },
};
