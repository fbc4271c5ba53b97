// Layers as traced values, for the self-check.
import { channelAffine, channelDot, channelSum } from "../autodiff/ops/channel.ts";
import { conv2d } from "../autodiff/ops/convolution/convolution.ts";
import { add, div, mul, neg, relu, sigmoid, sqrt, sub } from "../autodiff/ops/elementwise.ts";
import { gather } from "../autodiff/ops/gather.ts";
import { matmul } from "../autodiff/ops/matmul.ts";
import { avgPool2d, globalAvgPool, maxPool2d } from "../autodiff/ops/pooling.ts";
import { reduceSum } from "../autodiff/ops/reduce.ts";
import { logSoftmax } from "../autodiff/ops/softmax.ts";
import { sizeOf } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import type { Layers } from "./check-network.ts";

/** The layers as a device computes them. */
export const tracedLayers: Layers<Value> = {
  pick: (x, rows) => gather(x, rows, 2),
  convolve: (x, filter, at) => conv2d(x, filter, undefined, at),
  normalise: (x, scale, shift) => {
    const count = sizeOf(x.shape) / x.shape[1]!;
    const mean = div(channelSum(x), count);
    const variance = sub(div(channelDot(x, x), count), mul(mean, mean));
    const by = div(scale, sqrt(variance));
    return channelAffine(x, by, sub(shift, mul(mean, by)));
  },
  relu,
  sigmoid,
  add,
  multiply: mul,
  averagePool: (x, kernel, at) => avgPool2d(x, { kernel, ...at }),
  maxPool: (x, kernel, at) => maxPool2d(x, { kernel, ...at }),
  globalAverage: globalAvgPool,
  dense: (x, matrix) => matmul(x, matrix),
  crossEntropy: (logits, targets) => div(neg(reduceSum(mul(logSoftmax(logits), targets))), logits.shape[0]!),
};
