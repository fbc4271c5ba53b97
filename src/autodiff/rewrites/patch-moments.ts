// Sums over a convolution's results, from the moments of the patches it sees.
import { conv2d } from "../ops/convolution/convolution.ts";
import type { Convolution } from "../ops/convolution/settings.ts";
import { add, mul } from "../ops/elementwise.ts";
import { constant, zeros } from "../ops/leaves.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, reshape, slice } from "../ops/movement.ts";
import { reduceSum } from "../ops/reduce.ts";
import { sizes } from "../shapes.ts";
import type { Value } from "../value.ts";
import type { Combination, ResultMoments } from "./result-moments.ts";

/** The orthonormal cosine transform (DCT-II) of n numbers, a row a frequency. */
const cosines = (n: number): number[][] =>
  Array.from({ length: n }, (_, f) =>
    Array.from({ length: n }, (_, i) => Math.sqrt((f === 0 ? 1 : 2) / n) * Math.cos((Math.PI * f * (i + 0.5)) / n)),
  );

const kronecker = (a: readonly number[][], b: readonly number[][]): number[][] =>
  a.flatMap((p) => b.map((q) => p.flatMap((s) => q.map((t) => s * t))));

/**
 * The moments of the patches that a convolution z = w * x + b with few taps J = C kh kw sees. With T an orthonormal basis
 * of patches p, and a one appended to the coefficients, f = [T p; 1], z is W f with W = [w T' | b] (' transposes), and
 *
 *   gram = sum of f f'  [J+1, J+1]        cross = sum of rest f'  [K, J+1]
 *   moments(v) = sum of v f' = scale cross + gain W gram + offset (last row of gram)
 *   sum(v) = moments(v)'s last column;  filterGradient(v) = its other columns times T
 *   dot(v, u) = (gain of u) rowsum(moments(v) W) + (offset of u) sum(v)
 *
 * f is itself a convolution of x, with J + 1 filters. T is the cosine transform over channels, rows and columns, because
 * neighbouring pixels are much alike: what a filter of differences sees would be, in a Gram matrix of the pixels
 * themselves, a small difference of large float32 sums.
 */
export const patchMoments = (x: Value, w: Value, bias: Value | undefined, settings: Convolution): ResultMoments => {
  const [k, channels, rows, columns] = sizes(w.shape, 4);
  const taps = channels * rows * columns;
  const transform = Float32Array.from(kronecker(kronecker(cosines(channels), cosines(rows)), cosines(columns)).flat());
  const basis = constant({ data: transform, shape: [taps, taps] });

  const filters = new Float32Array((taps + 1) * taps);
  filters.set(transform);
  const one = new Float32Array(taps + 1);
  one[taps] = 1;
  const f = conv2d(
    x,
    constant({ data: filters, shape: [taps + 1, channels, rows, columns] }),
    constant({ data: one, shape: [taps + 1] }),
    settings,
  );
  /** An image a row, multiplied image by image: no transposition, and short float32 sums. */
  const apart = (v: Value): Value => reshape(v, [v.shape[0]!, v.shape[1]!, v.shape[2]! * v.shape[3]!]);
  const withFeatures = (v: Value): Value => reduceSum(matmul(apart(v), apart(f), { transposeB: true }), [0]);

  const column = (v: Value): Value => reshape(v, [k, 1]);
  const coefficients = concat(
    [matmul(reshape(w, [k, taps]), basis, { transposeB: true }), column(bias ?? zeros([k]))],
    1,
  );
  const gram = withFeatures(f);
  const moments = ({ rest, scale, gain, offset }: Combination): Value => {
    const ofResult = add(
      mul(column(gain), matmul(coefficients, gram)),
      mul(column(offset), slice(gram, 0, taps, taps + 1)),
    );
    return rest === undefined ? ofResult : add(mul(column(scale), withFeatures(rest)), ofResult);
  };
  const sum = (v: Combination): Value => reshape(slice(moments(v), 1, taps, taps + 1), [k]);
  return {
    sum,
    dot: (v, u) => add(mul(u.gain, reduceSum(mul(moments(v), coefficients), [1])), mul(u.offset, sum(v))),
    filterGradient: (v) => reshape(matmul(slice(moments(v), 1, 0, taps), basis), w.shape),
  };
};
