// Arithmetic and comparisons, which also fold the numbers that shapes are computed from.

import type { Value } from "../../autodiff/index.ts";
import * as ad from "../../autodiff/index.ts";
import { asValue, isKnown, type Known, type Operand, spread } from "../known.ts";
import { given, lacking, type Operator, ofValue, valueAt, type Weighed } from "../operator.ts";

const broadcast = (a: readonly number[], b: readonly number[]): number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i, n = Math.max(a.length, b.length)) => {
    const [p, q] = [a[i - n + a.length] ?? 1, b[i - n + b.length] ?? 1];
    return p === 1 ? q : p;
  });

type Scalar = (a: number, b: number, whole: boolean) => number;

const folded = (scalar: Scalar, a: Known, b: Known, whole = a.whole && b.whole): Known => {
  const shape = broadcast(a.shape, b.shape);
  const [p, q] = [spread(a, shape).data, spread(b, shape).data];
  return { whole, shape, data: Array.from(p, (v, i) => scalar(v, q[i]!, whole)) };
};

const binary = (
  name: string,
  scalar: Scalar,
  traced: (a: Value, b: Value) => Value,
  more: Pick<Operator, "learns"> & { readonly truth?: boolean } = {},
): Operator => ({
  name,
  ...(more.learns && { learns: more.learns }),
  read: (call) => {
    const [a, b] = [given(call, 0), given(call, 1)];
    return isKnown(a) && isKnown(b)
      ? folded(scalar, a, b, more.truth === true ? true : undefined)
      : traced(asValue(a), asValue(b));
  },
});

const variadic = (name: string, traced: (a: Value, b: Value) => Value, scalar: Scalar): Operator => ({
  name,
  read: (call) =>
    call.inputs
      .map((_, i) => given(call, i))
      .reduce((a, b) => (isKnown(a) && isKnown(b) ? folded(scalar, a, b) : traced(asValue(a), asValue(b)))),
});

const truth = (name: string, scalar: (a: number, b: number) => boolean, traced: (a: Value, b: Value) => Value) =>
  binary(name, (a, b) => Number(scalar(a, b)), traced, { truth: true });

/** The bias of a linear layer of which the exporter made MatMul and Add: [out], beside a product with [in, out]. */
const biasOfProduct = (at: Weighed): ReturnType<NonNullable<Operator["learns"]>> => {
  for (const [bias, product] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const shape = at.shape(bias);
    const maker = at.maker(product);
    const matrix = maker?.node.operator === "MatMul" ? maker.shape(1) : undefined;
    if (shape?.length === 1 && matrix?.length === 2 && matrix[1] === shape[0])
      return { [bias]: { kind: "uniform", fanIn: matrix[0]! } };
  }
  return {};
};

/** x^e; whole powers by products, which negative numbers have too. */
const power = (x: Value, e: number): Value | undefined => {
  if (e === 0.5) return ad.sqrt(x);
  if (e < 0) {
    const positive = power(x, -e);
    return positive && ad.reciprocal(positive);
  }
  if (!Number.isInteger(e)) return ad.exp(ad.mul(ad.log(x), e));
  if (e > 8 || e === 0) return undefined;
  return Array.from({ length: e - 1 }).reduce<Value>((product) => ad.mul(product, x), x);
};

/** False for numbers that are infinite or NaN as float32. */
const allFinite = (x: Operand): boolean => !isKnown(x) || Array.from(x.data, Math.fround).every(Number.isFinite);

/** 1 where a truth is 0. */
const not = (x: Value): Value => ad.sub(1, x);

export const elementwise: readonly Operator[] = [
  binary("Add", (a, b) => a + b, ad.add, { learns: biasOfProduct }),
  binary("Sub", (a, b) => a - b, ad.sub),
  binary("Mul", (a, b) => a * b, ad.mul),
  binary("Div", (a, b, whole) => (whole ? Math.trunc(a / b) : a / b), ad.div),
  {
    name: "Mod",
    read: (call) => {
      const [a, b] = [given(call, 0), given(call, 1)];
      if (isKnown(a) && isKnown(b)) return folded((p, q) => p - q * Math.floor(p / q), a, b);
      return lacking(call, "of values that are computed from the images");
    },
  },
  truth("Equal", (a, b) => a === b, ad.equal),
  truth("Greater", (a, b) => a > b, ad.greater),
  truth("GreaterOrEqual", (a, b) => a >= b, ad.greaterEqual),
  truth(
    "Less",
    (a, b) => a < b,
    (a, b) => ad.greater(b, a),
  ),
  truth(
    "LessOrEqual",
    (a, b) => a <= b,
    (a, b) => ad.greaterEqual(b, a),
  ),
  truth("And", (a, b) => a !== 0 && b !== 0, ad.mul),
  truth("Or", (a, b) => a !== 0 || b !== 0, ad.maximum),
  variadic("Max", ad.maximum, (a, b) => Math.max(a, b)),
  variadic("Min", ad.minimum, (a, b) => Math.min(a, b)),
  variadic("Sum", ad.add, (a, b) => a + b),
  {
    name: "Pow",
    read: (call) => {
      const [x, e] = [given(call, 0), given(call, 1)];
      if (!isKnown(e)) return lacking(call, "with a computed exponent");
      if (isKnown(x)) return folded(Math.pow, x, e, x.whole);
      const exponent = e.data[0]!;
      if (e.data.length !== 1) return lacking(call, "with several exponents");
      return power(x, exponent) ?? lacking(call, `with the exponent ${exponent}`);
    },
  },
  {
    name: "Where",
    read: (call) => {
      const [which, yes, no] = [given(call, 0), given(call, 1), given(call, 2)];
      if (isKnown(which) && isKnown(yes) && isKnown(no)) {
        const shape = broadcast(which.shape, broadcast(yes.shape, no.shape));
        const [w, y, n] = [which, yes, no].map((x) => spread(x, shape).data);
        return { whole: yes.whole && no.whole, shape, data: Array.from(w!, (v, i) => (v === 0 ? n![i]! : y![i]!)) };
      }
      // Branches are mixed by 0 and 1, and 0 times infinity is no 0.
      if (![yes, no].every(allFinite)) return lacking(call, "with a branch that is not finite");
      const chosen = asValue(which);
      return ad.add(ad.mul(chosen, asValue(yes)), ad.mul(not(chosen), asValue(no)));
    },
  },
  ofValue("Not", (x) => not(x)),
  ...(
    [
      ["Neg", (a: number) => -a, ad.neg],
      ["Abs", Math.abs, ad.abs],
      ["Sqrt", Math.sqrt, ad.sqrt],
      ["Floor", Math.floor, undefined],
      ["Ceil", Math.ceil, undefined],
    ] as const
  ).map(
    ([name, scalar, traced]): Operator => ({
      name,
      read: (call) => {
        const x: Operand = given(call, 0);
        if (isKnown(x)) return { ...x, data: Array.from(x.data, (v) => scalar(v)) };
        return traced ? traced(x) : lacking(call, "of values that are computed from the images");
      },
    }),
  ),
  ofValue("Exp", ad.exp),
  ofValue("Log", ad.log),
  ofValue("Erf", ad.erf),
  ofValue("Reciprocal", ad.reciprocal),
  ofValue("Sin", ad.sin),
  ofValue("Cos", ad.cos),
  {
    name: "Clip",
    read: (call) => {
      const x = valueAt(call, 0);
      // Bounds are attributes up to opset 10, which are +-3.4e38 where nobody gives them.
      const bound = (name: string, input: number, none: number): number => {
        const { [name]: attribute } = call.node.attributes;
        if (typeof attribute === "number") return attribute;
        const { [input]: operand } = call.inputs;
        if (operand === undefined) return none;
        return isKnown(operand) ? operand.data[0]! : lacking(call, `with a computed ${name}`);
      };
      const [low, high] = [bound("min", 1, Number.NEGATIVE_INFINITY), bound("max", 2, Number.POSITIVE_INFINITY)];
      if (low === 0 && high === 6) return ad.relu6(x);
      const raised = low > -3e38 ? ad.maximum(x, low) : x;
      return high < 3e38 ? ad.minimum(raised, high) : raised;
    },
  },
];
