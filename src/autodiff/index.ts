// The public face of autodiff.
export { gradients, vjp } from "./grad.ts";
export { checkGraph, type Graph, printGraph, topologicalOrder } from "./graph.ts";
export { channelAffine, channelDot, channelSum } from "./ops/channel.ts";
export { conv2d, convTranspose2d } from "./ops/convolution/convolution.ts";
export type { ConvolutionOptions } from "./ops/convolution/settings.ts";
export * from "./ops/elementwise.ts";
export { gather, scatterAdd } from "./ops/gather.ts";
export { plus, quotient, remainder, times } from "./ops/indices.ts";
export { constant, input, ones, splat, zeros } from "./ops/leaves.ts";
export { matmul } from "./ops/matmul.ts";
export { concat, dilate, pad, padAxis, part, reshape, slice, transpose } from "./ops/movement.ts";
export { avgPool2d, globalAvgPool, maxPool2d, type PoolOptions, upsample2d } from "./ops/pooling.ts";
export { broadcastTo, mean, reduceMax, reduceSum } from "./ops/reduce.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export { sizes } from "./shapes.ts";
export { simplify } from "./simplify.ts";
export { type Step, type Traced, type Types, trace, typesOf, type Values } from "./trace.ts";
export { fillTree, leavesOf, mapTree, tensorsOf, type WithLeaves } from "./tree.ts";
export {
  type DType,
  float32,
  floats,
  formatType,
  int64,
  integers,
  longs,
  sameShape,
  sameType,
  sizeOf,
  type Tensor,
  type TensorType,
  tensor,
} from "./types.ts";
export { Value } from "./value.ts";
