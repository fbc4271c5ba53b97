// Sums over a 1 x 1 convolution's results, from the moments of its image.
import { channelSum } from "../ops/channel.ts";
import { conv2d, convTranspose2d, filterGradient } from "../ops/convolution/convolution.ts";
import { add, mul } from "../ops/elementwise.ts";
import { zeros } from "../ops/leaves.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/movement.ts";
import { reduceSum } from "../ops/reduce.ts";
import { sizes } from "../shapes.ts";
import { sizeOf } from "../types.ts";
import type { Value } from "../value.ts";
import type { Combination, ResultMoments } from "./result-moments.ts";

/**
 * The moments of a 1 x 1 convolution z = W x + b with few channels J and many filters K, over P positions. With G the sum
 * of x x' and m the sum of x, the sum of z x' is W G + b m', that of z is W m + P b, and for v = s rest + g z + o
 *
 *   image(v) = sum of v x' = s (sum of rest x') + g (W G + b m') + o m'    [K, J]: its filter gradient
 *   sum(v) = s (sum of rest) + g (W m + P b) + o P                         [K]
 *   dot(v, u) = (gain of u) (rowsum(image(v) W) + b sum(v)) + (offset of u) sum(v)
 *
 * and its image gradient W' v = (s W)' rest + (W' g W) x + W' (g b + o) is two convolutions on J channels.
 */
export const pointwiseMoments = (x: Value, w: Value, bias: Value | undefined): ResultMoments => {
  const [k, j] = sizes(w.shape, 4);
  const positions = sizeOf(x.shape) / j;
  const b = bias ?? zeros([k]);
  const matrix = reshape(w, [k, j]);
  const column = (v: Value): Value => reshape(v, [k, 1]);
  const settings = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
  /** Sum over positions of v x'. */
  const withImage = (v: Value): Value =>
    reshape(filterGradient(x, v, [v.shape[1]!, j, 1, 1], settings), [v.shape[1]!, j]);

  const xSum = reshape(channelSum(x), [1, j]);
  const resultImage = add(matmul(matrix, withImage(x)), mul(column(b), xSum));
  const resultSum = add(reduceSum(mul(matrix, xSum), [1]), mul(b, positions));
  const image = ({ rest, scale, gain, offset }: Combination): Value => {
    const ofResult = add(mul(column(gain), resultImage), mul(column(offset), xSum));
    return rest === undefined ? ofResult : add(mul(column(scale), withImage(rest)), ofResult);
  };
  const sum = ({ rest, scale, gain, offset }: Combination): Value => {
    const ofResult = add(mul(gain, resultSum), mul(offset, positions));
    return rest === undefined ? ofResult : add(mul(scale, channelSum(rest)), ofResult);
  };
  return {
    sum,
    dot: (v, u) => {
      const withResult = add(reduceSum(mul(image(v), matrix), [1]), mul(b, sum(v)));
      return add(mul(u.gain, withResult), mul(u.offset, sum(v)));
    },
    filterGradient: (v) => reshape(image(v), w.shape),
    imageGradient: ({ rest, scale, gain, offset }) => {
      const onImage = matmul(matrix, mul(column(gain), matrix), { transposeA: true });
      const shift = reduceSum(mul(matrix, column(add(mul(gain, b), offset))), [0]);
      const ofResult = conv2d(x, reshape(onImage, [j, j, 1, 1]), shift);
      if (rest === undefined) return ofResult;
      return add(convTranspose2d(rest, mul(w, reshape(scale, [k, 1, 1, 1]))), ofResult);
    },
  };
};
