import { vjp } from "../../src/autodiff/grad.ts";
import * as ad from "../../src/autodiff/index.ts";
import type { Value } from "../../src/autodiff/value.ts";

/** The options of every golden, as the script writes them down. */
export interface GoldenOptions {
  readonly square?: boolean;
  readonly low?: number | readonly number[];
  readonly high?: number | readonly number[];
  readonly shape?: readonly number[];
  readonly permutation?: readonly number[];
  readonly axis?: number;
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
  readonly index?: number;
  readonly parts?: number;
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
  readonly size?: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly epsilon?: number;
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly outputPadding?: readonly [number, number];
  readonly groups?: number;
  readonly kernel?: readonly [number, number];
  readonly factor?: readonly [number, number];
}

type Build = (x: readonly Value[], o: GoldenOptions) => Value;

const one =
  (f: (x: Value) => Value): Build =>
  (x) =>
    f(x[0]!);
const two =
  (f: (a: Value, b: Value) => Value): Build =>
  (x) =>
    f(x[0]!, x[1] ?? x[0]!);
const convolution = ({ stride, padding, dilation, groups }: GoldenOptions) => ({
  stride: stride!,
  padding: padding!,
  dilation: dilation!,
  groups: groups!,
});
const pool = ({ kernel, stride, padding }: GoldenOptions) => ({ kernel: kernel!, stride: stride!, padding: padding! });

/** Batch normalisation with the batch's own statistics, in our channel operators. */
export const batchNorm = (x: Value, gamma: Value, beta: Value, epsilon: number): Value => {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const p = n * h * w;
  const average = ad.div(ad.channelSum(x), p);
  const centred = ad.channelAffine(x, ad.ones([c]), ad.neg(average));
  const variance = ad.div(ad.channelDot(centred, centred), p);
  return ad.channelAffine(centred, ad.div(gamma, ad.sqrt(ad.add(variance, epsilon))), beta);
};

/** How each golden is written with our operators. */
export const golden: Readonly<Record<string, Build>> = {
  add: two(ad.add),
  sub: two(ad.sub),
  mul: two(ad.mul),
  div: two(ad.div),
  maximum: two(ad.maximum),
  minimum: two(ad.minimum),
  greater: two(ad.greater),
  greaterEqual: two(ad.greaterEqual),
  equal: two(ad.equal),
  neg: one(ad.neg),
  exp: one(ad.exp),
  log: one(ad.log),
  sqrt: one(ad.sqrt),
  reciprocal: one(ad.reciprocal),
  abs: one(ad.abs),
  relu: one(ad.relu),
  relu6: one(ad.relu6),
  within6: one(ad.within6),
  sigmoid: one(ad.sigmoid),
  tanh: one(ad.tanh),
  erf: one(ad.erf),
  sin: one(ad.sin),
  cos: one(ad.cos),
  step: one(ad.step),
  clamp: ([x], o) => ad.clamp(x!, o.low as number, o.high as number),
  reshape: ([x], o) => ad.reshape(x!, o.shape!),
  transpose: ([x], o) => ad.transpose(x!, o.permutation!),
  broadcastTo: ([x], o) => ad.broadcastTo(x!, o.shape!),
  slice: ([x], o) => ad.slice(x!, o.axis!, o.start!, o.end!, o.step!),
  pad: ([x], o) => ad.pad(x!, o.low as readonly number[], o.high as readonly number[]),
  concat: (x, o) => ad.concat(x, o.axis!),
  part: ([x], o) => ad.part(x!, o.axis!, o.index!, o.parts!),
  reduceSum: ([x], o) => ad.reduceSum(x!, o.axes!, o.keepDims!),
  mean: ([x], o) => ad.mean(x!, o.axes!, o.keepDims!),
  reduceMax: ([x], o) => ad.reduceMax(x!, o.axes!, o.keepDims!),
  gather: ([x, i], o) => ad.gather(x!, i!, o.axis!),
  scatterAdd: ([x, i], o) => ad.scatterAdd(x!, i!, o.axis!, o.size!),
  matmul: ([a, b], o) => ad.matmul(a!, b!, { transposeA: o.transposeA!, transposeB: o.transposeB! }),
  softmax: ([x], o) => ad.softmax(x!, o.axis!),
  logSoftmax: ([x], o) => ad.logSoftmax(x!, o.axis!),
  channelAffine: ([x, s, t]) => ad.channelAffine(x!, s!, t!),
  channelDot: two(ad.channelDot),
  batchNorm: ([x, gamma, beta], o) => batchNorm(x!, gamma!, beta!, o.epsilon!),
  conv2d: ([x, w, b], o) => ad.conv2d(x!, w!, b, convolution(o)),
  convTranspose2d: ([x, w], o) => ad.convTranspose2d(x!, w!, { ...convolution(o), outputPadding: o.outputPadding! }),
  avgPool2d: ([x], o) => ad.avgPool2d(x!, pool(o)),
  maxPool2d: ([x], o) => ad.maxPool2d(x!, pool(o)),
  reluMaxPool: ([x], o) => ad.maxPool2d(ad.relu(x!), pool(o)),
  globalAvgPool: one(ad.globalAvgPool),
  upsample2d: ([x], o) => ad.upsample2d(x!, o.factor!),
};

/** The golden's result and its gradients in every float input, for the cotangent dy. */
export const withGradients = (
  op: string,
  options: GoldenOptions,
  x: readonly Value[],
  dy: Value,
): { y: Value; gradients: Value[] } => {
  const y = golden[op]!(x, options);
  return {
    y,
    gradients: vjp(
      [y],
      [dy],
      x.filter((v) => v.dtype === "float32"),
    ),
  };
};
