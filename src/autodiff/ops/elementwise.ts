// Arithmetic, comparisons and functions, element by element.
import type { OnnxWriter } from "../onnx-writer.ts";
import { broadcast, expectFloat } from "../shapes.ts";
import { apply, defineOp, type NoAttributes, type Op, type Operands, type Sample, Value } from "../value.ts";
import { splat } from "./leaves.ts";

/** A value, or a number that stands for a scalar constant. */
export type Operand = Value | number;

export const asValue = (x: Operand): Value => (x instanceof Value ? x : splat(x));

type One = readonly [x: Value];
type Two = readonly [a: Value, b: Value];
type Rule<I extends Operands> = (dy: Value, inputs: I, y: Value) => readonly (Value | undefined)[];

const none: Sample<NoAttributes>[] = [{ shapes: [[3, 4]] }, { shapes: [[2, 3, 4, 5]] }];
const pairs: Sample<NoAttributes>[] = [
  {
    shapes: [
      [4, 1, 3],
      [5, 1],
    ],
  },
  {
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  { shapes: [[3], []] },
];

const unary = (
  name: string,
  onnxName: string | ((onnx: OnnxWriter, x: string) => string),
  scalar: (x: number) => number,
  vjp: Rule<One>,
  range?: readonly [number, number],
): Op<NoAttributes, One> =>
  defineOp<NoAttributes, One>({
    name,
    infer: ([x]) => expectFloat(name, x),
    vjp: (dy, { inputs, y }) => vjp(dy, inputs, y),
    lower: (onnx, [x]) => (typeof onnxName === "string" ? onnx.node(onnxName, [x]) : onnxName(onnx, x)),
    scalar,
    samples: range ? none.map((s) => ({ ...s, range })) : none,
  });

const binary = (
  name: string,
  onnxName: string | ((onnx: OnnxWriter, a: string, b: string) => string),
  scalar: (a: number, b: number) => number,
  vjp: Rule<Two>,
  range?: readonly [number, number],
): Op<NoAttributes, Two> =>
  defineOp<NoAttributes, Two>({
    name,
    infer: ([a, b]) => ({ dtype: expectFloat(name, a, b).dtype, shape: broadcast(name, a.shape, b.shape) }),
    vjp: (dy, { inputs, y }) => vjp(dy, inputs, y),
    lower: (onnx, [a, b]) => (typeof onnxName === "string" ? onnx.node(onnxName, [a, b]) : onnxName(onnx, a, b)),
    scalar,
    samples: range ? pairs.map((s) => ({ ...s, range })) : pairs,
  });

const apply1 =
  (op: Op<NoAttributes, One>) =>
  (x: Value): Value =>
    apply(op, [x], {});
const apply2 =
  (op: Op<NoAttributes, Two>) =>
  (a: Operand, b: Operand): Value =>
    apply(op, [asValue(a), asValue(b)], {});
const flat: Rule<Operands> = (_dy, x) => x.map(() => undefined);

export const addOp = binary(
  "add",
  "Add",
  (a, b) => a + b,
  (dy) => [dy, dy],
);
export const subOp = binary(
  "sub",
  "Sub",
  (a, b) => a - b,
  (dy) => [dy, neg(dy)],
);
// d(ab) = b da + a db; a square is one pass instead of two.
export const mulOp = binary(
  "mul",
  "Mul",
  (a, b) => a * b,
  (dy, [a, b]) => (a === b ? [mul(mul(dy, 2), a), undefined] : [mul(dy, b), mul(dy, a)]),
);
// d(a/b) = da / b - (a/b) db / b
export const divOp = binary(
  "div",
  "Div",
  (a, b) => a / b,
  (dy, [, b], y) => [div(dy, b), neg(div(mul(dy, y), b))],
  [0.5, 1.5],
);
// A tie belongs to the first operand, so that clamp passes the gradient at its bounds as PyTorch's does.
export const maximumOp = binary("maximum", "Max", Math.max, (dy, [a, b]) => [
  mul(dy, greaterEqual(a, b)),
  mul(dy, greater(b, a)),
]);
export const minimumOp = binary("minimum", "Min", Math.min, (dy, [a, b]) => [
  mul(dy, greaterEqual(b, a)),
  mul(dy, greater(a, b)),
]);

const compared = (opType: string) => (onnx: OnnxWriter, a: string, b: string) =>
  onnx.node("Cast", [onnx.node(opType, [a, b])], { to: 1 });

// Comparisons give 0 or 1 as float32; their derivative is zero wherever it exists.
export const greaterOp = binary("greater", compared("Greater"), (a, b) => Number(a > b), flat);
export const greaterEqualOp = binary("greaterEqual", compared("GreaterOrEqual"), (a, b) => Number(a >= b), flat);
export const equalOp = binary("equal", compared("Equal"), (a, b) => Number(a === b), flat);

export const negOp = unary(
  "neg",
  "Neg",
  (x) => -x,
  (dy) => [neg(dy)],
);
export const expOp = unary("exp", "Exp", Math.exp, (dy, _x, y) => [mul(dy, y)]);
export const logOp = unary("log", "Log", Math.log, (dy, [x]) => [div(dy, x)], [0.5, 2]);
export const sqrtOp = unary("sqrt", "Sqrt", Math.sqrt, (dy, _x, y) => [div(mul(dy, 0.5), y)], [0.5, 2]);
export const reciprocalOp = unary(
  "reciprocal",
  "Reciprocal",
  (x) => 1 / x,
  (dy, _x, y) => [neg(mul(dy, mul(y, y)))],
  [0.5, 2],
);
export const absOp = unary("abs", "Abs", Math.abs, (dy, [x]) => [mul(dy, sub(step(x), step(neg(x))))], [0.2, 1]);
export const reluOp = unary(
  "relu",
  "Relu",
  (x) => Math.max(x, 0),
  (dy, _x, y) => [mul(dy, step(y))],
  [0.2, 1],
);
export const relu6Op = unary(
  "relu6",
  (onnx, x) => onnx.node("Clip", [x, onnx.fill(0, []), onnx.fill(6, [])]),
  (x) => Math.min(Math.max(x, 0), 6),
  (dy, _x, y) => [mul(dy, within6(y))],
  [0.2, 1],
);
export const sigmoidOp = unary(
  "sigmoid",
  "Sigmoid",
  (x) => 1 / (1 + Math.exp(-x)),
  (dy, _x, y) => [mul(dy, mul(y, sub(1, y)))],
);
export const tanhOp = unary("tanh", "Tanh", Math.tanh, (dy, _x, y) => [mul(dy, sub(1, mul(y, y)))]);
/** erf by a rational function: Abramowitz & Stegun 7.1.26, whose error is 1.5e-7 at most. */
const erfOf = (x: number): number => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const [a, b, c, d, e] = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  return Math.sign(x) * (1 - t * (a + t * (b + t * (c + t * (d + t * e)))) * Math.exp(-x * x));
};

// d erf(x) = 2 / sqrt(pi) exp(-x^2) dx
export const erfOp = unary("erf", "Erf", erfOf, (dy, [x]) => [
  mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
]);
export const sinOp = unary("sin", "Sin", Math.sin, (dy, [x]) => [mul(dy, cos(x))]);
export const cosOp = unary("cos", "Cos", Math.cos, (dy, [x]) => [neg(mul(dy, sin(x)))]);
// A hard sigmoid of slope 1e30 is the fastest way ONNX Runtime has to say whether x > 0.
const aboveZero = (onnx: OnnxWriter, x: string): string =>
  onnx.node("HardSigmoid", [x], { alpha: { float: 1e30 }, beta: { float: 0 } });

// 1 where x > 0.
export const stepOp = unary("step", aboveZero, (x) => Number(x > 0), flat, [0.2, 1]);

// 1 where 0 < x < 6: a second hard sigmoid, of a slope for which slope times 6 is exact, so that 6 itself gives 0.
export const within6Op = unary(
  "within6",
  (onnx, x) => {
    const below = onnx.node("HardSigmoid", [x], { alpha: { float: -(2 ** 100) }, beta: { float: 6 * 2 ** 100 } });
    return onnx.node("Mul", [aboveZero(onnx, x), below]);
  },
  (x) => Number(x > 0 && x < 6),
  flat,
  [0.2, 1],
);

export const add = apply2(addOp);
export const sub = apply2(subOp);
export const mul = apply2(mulOp);
export const div = apply2(divOp);
export const maximum = apply2(maximumOp);
export const minimum = apply2(minimumOp);
/** 1 where a > b, else 0, as float32. */
export const greater = apply2(greaterOp);
export const greaterEqual = apply2(greaterEqualOp);
export const equal = apply2(equalOp);
export const neg = apply1(negOp);
export const exp = apply1(expOp);
export const log = apply1(logOp);
export const sqrt = apply1(sqrtOp);
export const reciprocal = apply1(reciprocalOp);
export const abs = apply1(absOp);
export const relu = apply1(reluOp);
/** x limited to [0, 6]; like PyTorch's, its gradient is 0 at both bounds. */
export const relu6 = apply1(relu6Op);
/** 1 where 0 < x < 6, else 0. */
export const within6 = apply1(within6Op);
export const sigmoid = apply1(sigmoidOp);
export const tanh = apply1(tanhOp);
export const erf = apply1(erfOp);
export const sin = apply1(sinOp);
export const cos = apply1(cosOp);
/** 1 where x > 0, else 0. */
export const step = apply1(stepOp);

/** x limited to [low, high]; the gradient passes on the bounds themselves. */
export const clamp = (x: Value, low: Operand, high: Operand): Value => minimum(maximum(x, low), high);

/** x sigmoid(x), also known as swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x));

export const elementwiseOps = [
  addOp,
  subOp,
  mulOp,
  divOp,
  maximumOp,
  minimumOp,
  greaterOp,
  greaterEqualOp,
  equalOp,
  negOp,
  expOp,
  logOp,
  sqrtOp,
  reciprocalOp,
  absOp,
  reluOp,
  relu6Op,
  sigmoidOp,
  tanhOp,
  erfOp,
  sinOp,
  cosOp,
  stepOp,
  within6Op,
];
