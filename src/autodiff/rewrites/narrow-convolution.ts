// A rewrite that sums over the results of narrow convolutions without computing them.
import { checkGraph, type Graph, topologicalOrder } from "../graph.ts";
import { channelAffine, channelAffineOp, channelDotOp } from "../ops/channel.ts";
import { conv2dOp, filterGradientOp, imageGradientOp } from "../ops/convolution/convolution.ts";
import type { Convolution } from "../ops/convolution/settings.ts";
import { add, addOp, mul } from "../ops/elementwise.ts";
import { ones, zeros } from "../ops/leaves.ts";
import { reshape } from "../ops/movement.ts";
import { reduceSumOp } from "../ops/reduce.ts";
import { sizes } from "../shapes.ts";
import { sameShape, sizeOf } from "../types.ts";
import { isOf, type ResultOf, Value } from "../value.ts";
import { patchMoments } from "./patch-moments.ts";
import { pointwiseMoments } from "./pointwise-moments.ts";
import type { Combination, ResultMoments } from "./result-moments.ts";

/** The settings alone, of attributes that may say more. */
const settingsOf = ({ stride, padding, dilation, groups }: Convolution): Convolution => ({
  stride,
  padding,
  dilation,
  groups,
});

/** A convolution's result. */
type Convolved = ResultOf<typeof conv2dOp>;

/** Up to so many taps J = C kh kw, 2 J^2 products a position cost less than the passes over K >= J numbers they replace. */
const fewTaps = 32;

/**
 * 1 x 1 convolutions gain at any width, with 4 J^2 products for about 6 passes, where there are so many filters
 * a channel, and so many positions that the K J numbers of its matrices do not count (both measured).
 */
const manyFilters = 3;
const manyPositions = 128;

/** True where every place of the result is a product of a matrix with the same place of the image. */
const isPointwise = ({ inputs: [, w], attributes: { stride, padding } }: Convolved): boolean =>
  w.shape[2] === 1 && w.shape[3] === 1 && [...stride].every((s) => s === 1) && [...padding].every((p) => p === 0);

interface Method {
  readonly momentsOf: (x: Value, w: Value, bias: Value | undefined, settings: Convolution) => ResultMoments;
  /** True where it also has the gradient of the image, which sums over filters. */
  readonly imageGradients: boolean;
}

const patches: Method = { momentsOf: patchMoments, imageGradients: false };
const pointwise: Method = { momentsOf: pointwiseMoments, imageGradients: true };

/** Chooses the way to sum over a convolution's result without computing it; undefined where none is a gain. */
const methodFor = (v: Convolved): Method | undefined => {
  if (v.attributes.groups !== 1) return undefined;
  const [filters, ...rest] = sizes(v.inputs[1].shape, 4);
  const taps = sizeOf(rest);
  const positions = sizeOf(v.shape) / filters;
  if (isPointwise(v) && manyFilters * taps <= filters && manyPositions * taps <= positions) return pointwise;
  return taps <= Math.min(fewTaps, filters) ? patches : undefined;
};

/** A way to do without z: every use of it is one of the sums, or the one affine `kept`, which folds into the convolution. */
interface Plan {
  readonly z: Convolved;
  readonly method: Method;
  /** z and the sums of affines of z and at most one other tensor. */
  readonly combined: ReadonlySet<Value>;
  readonly sums: ReadonlySet<Value>;
  readonly kept: Value | undefined;
}

/** The tensor of which v is an affine. */
const belowAffines = (v: Value): Value => (isOf(v, channelAffineOp) ? belowAffines(v.inputs[0]) : v);

/**
 * The values that a channelSum, a channelDot or a filter gradient of z's convolution sums over positions, or the image
 * gradient of a 1 x 1 convolution over filters.
 */
const summands = (v: Value, z: Convolved, method: Method): readonly [] | readonly [Value] | readonly [Value, Value] => {
  const [x, w] = z.inputs;
  const alike = (c: Convolution): boolean => JSON.stringify(settingsOf(c)) === JSON.stringify(settingsOf(z.attributes));
  if (isOf(v, reduceSumOp))
    return sameShape(v.inputs[0].shape, z.shape) && sameShape(v.attributes.axes, [0, 2, 3]) ? v.inputs : [];
  if (isOf(v, channelDotOp)) return sameShape(v.inputs[0].shape, z.shape) ? v.inputs : [];
  if (isOf(v, filterGradientOp))
    return v.inputs[0] === x && sameShape(v.shape, w.shape) && alike(v.attributes) ? [v.inputs[1]] : [];
  if (!isOf(v, imageGradientOp) || !method.imageGradients) return [];
  return v.inputs[1] === w && sameShape(v.shape, x.shape) && alike(v.attributes) ? [v.inputs[0]] : [];
};

const planFor = (z: Convolved, graph: Graph, order: readonly Value[]): Plan | undefined => {
  const method = methodFor(z);
  if (method === undefined) return undefined;
  // Combined values, with the other tensor in them.
  const rests = new Map<Value, Value | undefined>([[z, undefined]]);
  const restsOf = (values: readonly Value[]): Set<Value> =>
    new Set(values.map((v) => (rests.has(v) ? rests.get(v) : belowAffines(v))).filter((v) => v !== undefined));
  for (const v of order) {
    const terms =
      v.op === channelAffineOp
        ? v.inputs.slice(0, 1)
        : v.op === addOp && v.inputs.every((i) => sameShape(i.shape, v.shape))
          ? v.inputs
          : [];
    const others = terms.some((t) => rests.has(t)) ? [...restsOf(terms)] : undefined;
    if (others !== undefined && others.length <= 1) rests.set(v, others[0]);
  }

  const isPure = (v: Value): boolean => rests.has(v) && rests.get(v) === undefined;
  const sums = order.filter((v) => {
    const values = summands(v, z, method);
    return v.op === channelDotOp ? values.some(isPure) && restsOf(values).size <= 1 : values.some((s) => rests.has(s));
  });
  const [rest, ...more] = restsOf(sums.flatMap((v) => summands(v, z, method)));
  if (sums.length === 0 || more.length > 0) return undefined;

  const served = new Set<Value>([...sums, ...rests.keys()]);
  const elsewhere = new Set(graph.outputs);
  for (const v of order) if (!served.has(v)) for (const i of v.inputs) elsewhere.add(i);
  const [kept, ...others] = [...rests.keys()].filter((v) => elsewhere.has(v));
  if (others.length > 0 || kept === z || (kept !== undefined && !isPure(kept))) return undefined;

  // What else is summed over the other tensor alone comes for nothing; not before z, for x may depend on it.
  const alone = order.slice(order.indexOf(z)).filter((v) => {
    const values = summands(v, z, method);
    return v.op !== channelDotOp && values.length > 0 && rest !== undefined && belowAffines(values[0]!) === rest;
  });
  return { z, method, combined: new Set(rests.keys()), sums: new Set([...sums, ...alone]), kept };
};

const substitute = ({ z, method, combined, sums, kept }: Plan, graph: Graph, order: readonly Value[]): Graph => {
  const done = new Map<Value, Value>();
  const now = (v: Value): Value => done.get(v)!;
  const [x, w, bias] = z.inputs;
  const [none, one] = [zeros([z.shape[1]!]), ones([z.shape[1]!])];

  const known = new Map<Value, Combination>([[z, { scale: none, gain: one, offset: none }]]);
  const combination = (v: Value): Combination => {
    const found = known.get(v) ?? combine(v);
    known.set(v, found);
    return found;
  };
  const combine = (v: Value): Combination => {
    if (isOf(v, channelAffineOp)) {
      const { rest, scale, gain, offset } = combination(v.inputs[0]);
      const [s, t] = [now(v.inputs[1]), now(v.inputs[2])];
      return { rest, scale: mul(scale, s), gain: mul(gain, s), offset: add(mul(offset, s), t) };
    }
    if (!combined.has(v) || !isOf(v, addOp)) return { rest: now(v), scale: one, gain: none, offset: none };
    const [a, b] = [combination(v.inputs[0]), combination(v.inputs[1])];
    return {
      rest: a.rest ?? b.rest,
      scale: add(a.scale, b.scale),
      gain: add(a.gain, b.gain),
      offset: add(a.offset, b.offset),
    };
  };

  let moments: ResultMoments | undefined;
  const summed = (v: Value): Value => {
    moments ??= method.momentsOf(now(x), now(w), bias && now(bias), settingsOf(z.attributes));
    const [a, b] = summands(v, z, method).map(combination);
    if (a === undefined) throw new Error(`${v.op.name} sums nothing of this convolution`);
    if (v.op === filterGradientOp) return moments.filterGradient(a);
    if (v.op === imageGradientOp) return moments.imageGradient!(a);
    if (b === undefined) return reshape(moments.sum(a), v.shape);
    return b.rest === undefined ? moments.dot(a, b) : moments.dot(b, a);
  };

  for (const v of order) {
    const inputs = v.inputs.map(now);
    if (sums.has(v)) done.set(v, summed(v));
    else if (v === kept) {
      const { gain, offset } = combination(v);
      done.set(v, channelAffine(now(z), gain, offset));
    } else done.set(v, inputs.every((i, k) => i === v.inputs[k]) ? v : new Value(v.op, inputs, v.attributes));
  }
  return { inputs: graph.inputs, outputs: graph.outputs.map(now) };
};

/**
 * Does without the results z = w * x + b of convolutions that have few taps (an image network's first layer, the first of an
 * inverted residual): where z is only summed over positions (channelSum, channelDot, the gradients of a cotangent that
 * contains it, as batch norm's does) and put through at most one affine, the sums come from the moments of what x shows to
 * the filters, and the affine is left alone with the convolution, to be folded into it. All or nothing, for one use that
 * remains would need z.
 */
export const eliminateNarrowOutputs = (graph: Graph): Graph => {
  const refused = new Set<Value>();
  let current = graph;
  for (;;) {
    const order = topologicalOrder(current.outputs);
    let plan: Plan | undefined;
    for (const z of order) {
      if (!isOf(z, conv2dOp) || refused.has(z)) continue;
      plan = planFor(z, current, order);
      if (plan !== undefined) break;
      refused.add(z);
    }
    if (plan === undefined) return current;
    current = checkGraph(substitute(plan, current, order), "summing a narrow convolution's result by its image");
  }
};
