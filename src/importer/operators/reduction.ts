// Sums, means and extremes over axes.

import type { Value } from "../../autodiff/index.ts";
import * as ad from "../../autodiff/index.ts";
import { asValue, isKnown } from "../known.ts";
import { type Call, fromFront, given, lacking, numbersAt, type Operator, scalar } from "../operator.ts";

type Reduce = (x: Value, axes: readonly number[], keep: boolean) => Value;

const reduction = (name: string, reduce: Reduce): Operator => ({
  name,
  read: (call) => {
    const x = asValue(given(call, 0));
    const axes = fromFront(numbersAt(call, "axes", 1) ?? [], x.shape.length);
    if (axes.length === 0 && scalar(call, "noop_with_empty_axes", 0) === 1) return x;
    return reduce(x, axes.length === 0 ? x.shape.map((_, i) => i) : axes, scalar(call, "keepdims", 1) === 1);
  },
});

/** The product of a shape's numbers. */
const productOf = (call: Call) => {
  const x = given(call, 0);
  if (!isKnown(x)) return lacking(call, "of values that are computed from the images");
  const shape = scalar(call, "keepdims", 1) === 1 ? x.shape.map(() => 1) : [];
  return { whole: x.whole, shape, data: [Array.from(x.data).reduce((all, v) => all * v, 1)] };
};

export const reductions: readonly Operator[] = [
  reduction("ReduceMean", ad.mean),
  reduction("ReduceSum", ad.reduceSum),
  reduction("ReduceMax", ad.reduceMax),
  reduction("ReduceMin", (x, axes, keep) => ad.neg(ad.reduceMax(ad.neg(x), axes, keep))),
  reduction("ReduceSumSquare", (x, axes, keep) => ad.reduceSum(ad.mul(x, x), axes, keep)),
  reduction("ReduceL1", (x, axes, keep) => ad.reduceSum(ad.abs(x), axes, keep)),
  reduction("ReduceL2", (x, axes, keep) => ad.sqrt(ad.reduceSum(ad.mul(x, x), axes, keep))),
  { name: "ReduceProd", read: productOf },
];
