// Rules for GPUs that gather signs and uniform factors, so that chains of small operations become short.
import { addOp, div, divOp, mul, mulOp, negOp, sub } from "../ops/elementwise.ts";
import { splatValue } from "../ops/leaves.ts";
import { reduceSum, reduceSumOp } from "../ops/reduce.ts";
import { sameShape, sizeOf } from "../types.ts";
import { isOf, type Value } from "../value.ts";
import { on, type Rewrite } from "./rewrite.ts";

/** A product x c with a uniform constant, taken apart. */
const scaled = (v: Value): { readonly x: Value; readonly c: number } | undefined => {
  if (!isOf(v, mulOp)) return undefined;
  for (const side of [0, 1] as const) {
    const [x, c] = [v.inputs[1 - side]!, splatValue(v.inputs[side])];
    if (c !== undefined && splatValue(x) === undefined && sameShape(x.shape, v.shape)) return { x, c };
  }
  return undefined;
};

/** The term without its sign, where it has one: x of -x, or x y of -x times y. */
const unsigned = (term: Value): Value | undefined => {
  const own = scaled(term);
  if (own !== undefined) return own.c === -1 ? own.x : undefined;
  if (!isOf(term, mulOp)) return undefined;
  const [a, b] = term.inputs;
  const [x, y] = [scaled(a), scaled(b)];
  return x?.c === -1 ? mul(x.x, b) : y?.c === -1 ? mul(a, y.x) : undefined;
};

/**
 * Batch normalisation with its derivative is 29 operations on a number for each channel, some of them signs and factors that
 * the rules of differentiation bring along. Here they move to the result, where they meet and become one: 24 are left.
 */
export const factorRules: readonly Rewrite[] = [
  on(negOp, "sign as a factor", (v) => mul(v.inputs[0], -1)),
  on(mulOp, "factors of factors", (v) => {
    const outer = scaled(v);
    const inner = outer && scaled(outer.x);
    return inner && mul(inner.x, Math.fround(outer.c * inner.c));
  }),
  on(mulOp, "factor of one side of a product", (v, usesOf) => {
    if (scaled(v) !== undefined) return undefined;
    for (const side of [0, 1] as const) {
      const [factor, other] = [v.inputs[side], v.inputs[1 - side]!];
      const inner = scaled(factor);
      // A factor of a small tensor should not become one of a large product.
      if (inner === undefined || usesOf(factor) > 1 || sizeOf(factor.shape) < sizeOf(v.shape)) continue;
      return mul(mul(inner.x, other), inner.c);
    }
    return undefined;
  }),
  on(divOp, "factor of a dividend", (v, usesOf) => {
    const [dividend, divisor] = v.inputs;
    const inner = scaled(dividend);
    if (inner === undefined || usesOf(dividend) > 1 || sizeOf(dividend.shape) < sizeOf(v.shape)) return undefined;
    return mul(div(inner.x, divisor), inner.c);
  }),
  on(reduceSumOp, "factor of what is summed", (v, usesOf) => {
    const [summand] = v.inputs;
    const inner = usesOf(summand) > 1 ? undefined : scaled(summand);
    return inner && mul(reduceSum(inner.x, v.attributes.axes, v.attributes.keepDims), inner.c);
  }),
  on(addOp, "sum with a negated term", (v, usesOf) => {
    for (const side of [1, 0] as const) {
      const [term, other] = [v.inputs[side], v.inputs[1 - side]!];
      const positive = usesOf(term) === 1 ? unsigned(term) : undefined;
      if (positive !== undefined) return sub(other, positive);
    }
    return undefined;
  }),
];
