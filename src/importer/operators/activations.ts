// Activations.

import type { Value } from "../../autodiff/index.ts";
import * as ad from "../../autodiff/index.ts";
import { type Call, type Operator, ofValue, scalar, valueAt, word } from "../operator.ts";

/** log(1 + e^x) without overflow. */
const softplus = (x: Value): Value => ad.add(ad.relu(x), ad.log(ad.add(1, ad.exp(ad.neg(ad.abs(x))))));

/** x where it is above 0, `slope` x below. */
const leaky = (x: Value, slope: Value | number): Value => ad.add(ad.relu(x), ad.mul(ad.minimum(x, 0), slope));

/** x where it is above 0, alpha (e^x - 1) below. */
const elu = (x: Value, alpha: number): Value => ad.add(ad.relu(x), ad.mul(ad.sub(ad.exp(ad.minimum(x, 0)), 1), alpha));

/** alpha x + beta, kept to 0..1. */
const hardSigmoid = (x: Value, alpha: number, beta: number): Value => ad.clamp(ad.add(ad.mul(x, alpha), beta), 0, 1);

/** x Phi(x) with the normal distribution's Phi, or by tanh. */
const gelu = (x: Value, call: Call): Value => {
  if (word(call, "approximate", "none") === "none")
    return ad.mul(ad.mul(x, 0.5), ad.add(1, ad.erf(ad.mul(x, Math.SQRT1_2))));
  const inner = ad.mul(ad.add(x, ad.mul(ad.mul(ad.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return ad.mul(ad.mul(x, 0.5), ad.add(1, ad.tanh(inner)));
};

/** Softmax and its logarithm. Up to opset 12 they flatten what follows the axis, which is the same on the last one. */
const alongAxis = (name: string, traced: (x: Value, axis: number) => Value): Operator =>
  ofValue(name, (x, call) => {
    const axis = scalar(call, "axis", call.opset < 13 ? 1 : -1);
    const at = axis < 0 ? axis + x.shape.length : axis;
    if (call.opset >= 13 || at === x.shape.length - 1) return traced(x, at);
    const flat = ad.reshape(x, [ad.sizeOf(x.shape.slice(0, at)), ad.sizeOf(x.shape.slice(at))]);
    return ad.reshape(traced(flat, 1), x.shape);
  });

export const activations: readonly Operator[] = [
  ofValue("Relu", ad.relu),
  ofValue("Sigmoid", ad.sigmoid),
  ofValue("Tanh", ad.tanh),
  ofValue("LeakyRelu", (x, call) => leaky(x, scalar(call, "alpha", 0.01))),
  {
    name: "PRelu",
    learns: ({ shape }) => (shape(1) === undefined ? {} : { 1: { kind: "fill", value: 0.25 } }),
    read: (call) => leaky(valueAt(call, 0), valueAt(call, 1)),
  },
  ofValue("Elu", (x, call) => elu(x, scalar(call, "alpha", 1))),
  ofValue("Selu", (x, call) =>
    ad.mul(elu(x, scalar(call, "alpha", 1.6732632423543772)), scalar(call, "gamma", 1.0507009873554805)),
  ),
  ofValue("Celu", (x, call) => {
    const alpha = scalar(call, "alpha", 1);
    return ad.mul(elu(ad.div(x, alpha), 1), alpha);
  }),
  ofValue("HardSigmoid", (x, call) => hardSigmoid(x, scalar(call, "alpha", 0.2), scalar(call, "beta", 0.5))),
  ofValue("HardSwish", (x) => ad.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  ofValue("Softplus", softplus),
  ofValue("Softsign", (x) => ad.div(x, ad.add(1, ad.abs(x)))),
  ofValue("Mish", (x) => ad.mul(x, ad.tanh(softplus(x)))),
  ofValue("Gelu", gelu),
  alongAxis("Softmax", ad.softmax),
  alongAxis("LogSoftmax", ad.logSoftmax),
];
