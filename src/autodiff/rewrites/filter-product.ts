// A rule for GPUs that makes a filter gradient of one matrix product.
import { filterGradientOp } from "../ops/convolution/convolution.ts";
import type { Convolution } from "../ops/convolution/settings.ts";
import { gather } from "../ops/gather.ts";
import { constant } from "../ops/leaves.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, pad, reshape, transpose } from "../ops/movement.ts";
import { sizes } from "../shapes.ts";
import { sizeOf } from "../types.ts";
import type { Value } from "../value.ts";
import { on, type Rewrite } from "./rewrite.ts";

/** Images [N, C, H, W] with the number of the image last: [C, H W, N]. */
const imagesLast = (x: Value): Value => {
  const [n, c, h, w] = sizes(x.shape, 4);
  return reshape(transpose(reshape(x, [n, c * h * w]), [1, 0]), [c, h * w, n]);
};

/** Zeros around images: the padding, and at the end whatever else the taps reach. */
const padded = (x: Value, { stride, padding, dilation }: Convolution, kernel: number[], result: number[]): Value => {
  const size = x.shape.slice(2);
  const reached = result.map((n, a) => (n - 1) * stride[a]! + dilation[a]! * (kernel[a]! - 1) + 1);
  const after = size.map((n, a) => Math.max(0, reached[a]! - n - padding[a]!));
  return pad(x, [0, 0, ...padding], [0, 0, ...after]);
};

/** The places, row by row in a padded image of so many columns, that each tap reads for each place of the result. */
const placesOf = (
  { stride, dilation }: Convolution,
  kernel: number[],
  result: number[],
  columns: number,
): number[][] => {
  const [kh, kw] = sizes(kernel, 2);
  const [ho, wo] = sizes(result, 2);
  return Array.from({ length: kh * kw }, (_, tap) => {
    const [i, j] = [Math.floor(tap / kw) * dilation[0], (tap % kw) * dilation[1]];
    return Array.from(
      { length: ho * wo },
      (_, at) => (Math.floor(at / wo) * stride[0] + i) * columns + (at % wo) * stride[1] + j,
    );
  });
};

/**
 * Five kernels where the general lowering starts a product a tap: with the number of the image last, what all taps see is
 * gathered in runs of N numbers to [C kh kw, H' W' N] and multiplied by the cotangent [K, H' W' N], which gives the
 * gradient in its own order. Whatever the stride, about as many bytes are moved as by nine products of shifted copies. What is
 * gathered at once is kept below `most` bytes by taking some taps at a time. A single tap in every place stays as it is.
 */
export const filterByProduct = (most: number): Rewrite =>
  on(filterGradientOp, "filter gradient by product", (v) => {
    const [x, dy] = v.inputs;
    const { shape, groups } = v.attributes;
    const [k, channels, ...kernel] = shape as [number, number, number, number];
    const [n, , ...result] = sizes(dy.shape, 4);
    const whole = padded(x, v.attributes, kernel, result);
    const places = placesOf(v.attributes, kernel, result, whole.shape[3]!);
    if (places.length === 1 && sizeOf(whole.shape.slice(2)) === sizeOf(result)) return undefined;

    const positions = n * sizeOf(result);
    const chunk = Math.max(1, Math.floor(most / (4 * x.shape[1]! * positions)));
    const together = Math.ceil(places.length / Math.ceil(places.length / chunk));
    const image = imagesLast(whole);
    const matrix = (rows: Value, each: number): Value =>
      reshape(rows, groups === 1 ? [each, positions] : [groups, each / groups, positions]);
    const cotangent = matrix(imagesLast(dy), k);
    const products: Value[] = [];
    for (let tap = 0; tap < places.length; tap += together) {
      const taps = places.slice(tap, tap + together);
      const indices = constant({
        data: BigInt64Array.from(taps.flat(), BigInt),
        shape: [taps.length * sizeOf(result)],
      });
      const seen = matrix(gather(image, indices, 1), x.shape[1]! * taps.length);
      products.push(reshape(matmul(cotangent, seen, { transposeB: true }), [k * channels, taps.length]));
    }
    return reshape(concat(products, 1), shape);
  });
