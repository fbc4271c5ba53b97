// Softmax and its logarithm along one axis.
import { expectFloat, normalAxis } from "../shapes.ts";
import { apply, defineOp, type Value } from "../value.ts";
import { mul, sub } from "./elementwise.ts";
import { reduceSum } from "./reduce.ts";

const samples = [
  { shapes: [[3, 5]], attributes: { axis: 1 } },
  { shapes: [[2, 4, 3]], attributes: { axis: 1 } },
];

export const softmaxOp = defineOp<{ axis: number }>({
  name: "softmax",
  infer: ([x]) => expectFloat("softmax", x),
  // dx = y (dy - sum(dy y))
  vjp: (dy, { y, attributes: { axis } }) => [mul(y, sub(dy, reduceSum(mul(dy, y), [axis], true)))],
  lower: (onnx, [x], { attributes }) => onnx.node("Softmax", [x], { axis: attributes.axis }),
  samples,
});

export const logSoftmaxOp = defineOp<{ axis: number }>({
  name: "logSoftmax",
  infer: ([x]) => expectFloat("logSoftmax", x),
  // dx = dy - softmax(x) sum(dy)
  vjp: (dy, { inputs: [x], attributes: { axis } }) => [sub(dy, mul(softmax(x, axis), reduceSum(dy, [axis], true)))],
  // WebGPU has no LogSoftmax.
  lower: (onnx, [x], { attributes }) => {
    const axes = onnx.ints([attributes.axis]);
    const below = onnx.node("Sub", [x, onnx.node("ReduceMax", [x, axes])]);
    const sum = onnx.node("ReduceSum", [onnx.node("Exp", [below]), axes]);
    return onnx.node("Sub", [below, onnx.node("Log", [sum])]);
  },
  samples,
});

/** exp(x) / sum(exp(x)) along one axis (the last by default). */
export const softmax = (x: Value, axis = -1): Value =>
  apply(softmaxOp, [x], { axis: normalAxis("softmax", axis, x.shape.length) });

/** log(softmax(x)) along one axis (the last by default), without overflow. */
export const logSoftmax = (x: Value, axis = -1): Value =>
  apply(logSoftmaxOp, [x], { axis: normalAxis("logSoftmax", axis, x.shape.length) });

export const softmaxOps = [softmaxOp, logSoftmaxOp];
