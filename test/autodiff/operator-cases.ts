import { vjp } from "../../src/autodiff/grad.ts";
import { add, mul } from "../../src/autodiff/ops/elementwise.ts";
import { allOps } from "../../src/autodiff/ops/index.ts";
import { ones, zeros } from "../../src/autodiff/ops/leaves.ts";
import { reduceSum } from "../../src/autodiff/ops/reduce.ts";
import { type Tensor, type TensorType, tensor } from "../../src/autodiff/types.ts";
import { type Attributes, apply, type Op, type Sample, type Value } from "../../src/autodiff/value.ts";
import type { Random } from "../../src/support/random.ts";
import { distinct, floats, rowNumbers } from "./draw.ts";

/** Operators without inputs, and so without samples. */
export const leaves: ReadonlySet<string> = new Set(["input", "literal", "splat"]);

/** Operators on whole numbers, which nothing flows back through and which have no samples: `indices.test.ts`. */
export const onIndices: ReadonlySet<string> = new Set(["quotient", "remainder", "times", "plus"]);

/** Every operator that has samples. */
export const operators: readonly Op[] = allOps.filter(({ name }) => !leaves.has(name) && !onIndices.has(name));

/** Kinked where elements tie: the step of the finite differences must stay below their distance. */
const tying = new Set(["maximum", "minimum", "greater", "greaterEqual", "equal", "reduceMax", "maxPool2d"]);
/** Kinked at zero, sampled away from it on the positive side: signs are drawn on top. */
const kinkedAtZero = new Set(["relu", "relu6", "abs", "step", "within6"]);

/** One sample of an operator with its inputs drawn. */
export interface Case {
  readonly op: Op;
  readonly sample: Sample<Attributes>;
  readonly inputs: readonly Tensor[];
  /** Step of the finite differences. */
  readonly h: number;
}

/** Draws a sample's inputs where its derivatives exist. */
export const draw = (op: Op, sample: Sample<Attributes>, random: Random): Case => {
  const [low, high] = sample.range ?? [-1, 1];
  const isIndex = sample.shapes.map((_, i) => sample.indices?.[i] !== undefined);
  const grid = distinct(random, sample.shapes, low, high);
  const inputs = grid.tensors.map((x, i) => {
    if (isIndex[i]) return rowNumbers(random, x.shape, sample.indices![i]!);
    if (!kinkedAtZero.has(op.name)) return x;
    return tensor(
      floats(x).map((a) => (random.float() < 0.5 ? -a : a)),
      x.shape,
    );
  });
  // Directions have elements of at most 1 and the stencil reaches 2 h: two elements come 4 h closer.
  return { op, sample, inputs, h: tying.has(op.name) ? grid.spacing / 5 : 1 / 64 };
};

export type Specs = { x: TensorType[]; c: TensorType; d: TensorType[] };

const inner = (a: readonly Value[], b: readonly Value[]): Value =>
  a.map((v, i) => reduceSum(mul(v, b[i]!))).reduce((sum, v) => add(sum, v), zeros([]));

/** y = op(x); g = gradient of <c, y> in x; and the gradient of <g, d> in x and in c. */
export const derivatives = ({ op, sample, inputs }: Case) => {
  const y = op.infer(inputs, sample.attributes ?? {});
  const float = inputs.map((x, i) => [x, i] as const).filter(([x]) => x.dtype === "float32");
  const specs: Specs = {
    x: inputs.map(({ dtype, shape }) => ({ dtype, shape })),
    c: y,
    d: float.map(([{ dtype, shape }]) => ({ dtype, shape })),
  };
  const fn = ({ x, c, d }: { x: Value[]; c: Value; d: Value[] }) => {
    const result = apply(op, x, sample.attributes ?? {});
    const wrt = float.map(([, i]) => x[i]!);
    const g = vjp([result], [c], wrt);
    const second = vjp([inner(g, d)], [ones([])], [...wrt, c]);
    return { y: result, g, second };
  };
  return { y, float: float.map(([, i]) => i), specs, fn };
};
