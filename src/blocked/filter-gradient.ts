// Gradients of filters on blocked tensors.
import { tapsOf } from "../autodiff/ops/convolution/filter-lowering.ts";
import type { Convolution } from "../autodiff/ops/convolution/settings.ts";
import { gather } from "../autodiff/ops/gather.ts";
import { constant } from "../autodiff/ops/leaves.ts";
import { matmul } from "../autodiff/ops/matmul.ts";
import { concat, pad, reshape, slice, transpose } from "../autodiff/ops/movement.ts";
import { reduceSum } from "../autodiff/ops/reduce.ts";
import { sizes } from "../autodiff/shapes.ts";
import { longs } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import { usesWinograd } from "./convolution.ts";
import { blockedConv, transposeTiles } from "./ops.ts";
import { hasWinogradFilterGradient, type WinogradChoice, winogradFilterGradient } from "./winograd.ts";

/**
 * dw[k, c, i, j] = sum over n, h, w of dy[n, k, h, w] x[n, c, s h + i - p, s w + j - p].
 *
 * For wide layers this is a 1 x 1 convolution in which the positions (n, h, w) are the channels that are summed over, dy
 * is the filter and the image's channels, once for each tap, are the places: the blocked 1 x 1 convolution runs nearer to
 * the processor's peak than its matrix product does. dy lies right already (up to whole blocks); of x the [b, b] tiles are
 * transposed. Taps of a row are shifts of x, taps of a column shifts of dy the other way, so that a 3 x 3 filter takes
 * three copies of each instead of nine of one.
 */

export const hasBlockedFilterGradient = (x: readonly number[], { stride, dilation, groups }: Convolution): boolean =>
  groups === 1 && dilation.every((d) => d === 1) && stride.every((s, a) => x[2 + a]! % s === 0);

/** Zeros so that a multiple of b positions follows: [n, c, l, b] -> [n, c, l', b]. */
const wholeBlocks = (x: Value, b: number): Value => {
  const more = (b - (x.shape[2]! % b)) % b;
  return pad(x, [0, 0, 0, 0], [0, 0, more, 0]);
};

/** x [N, C/b, H, W, b] -> its phases, each [N, C/b, H/s, W/s, b]. */
const phases = (x: Value, [sy, sx]: readonly [number, number]): ((row: number, column: number) => Value) => {
  const [n, cb, h, w, b] = sizes(x.shape, 5);
  if (sy === 1 && sx === 1) return () => x;
  const shape = [n, cb, h / sy, w / sx, b];
  const apart = transpose(reshape(x, [n * cb, h / sy, sy, w / sx, sx, b]), [2, 4, 0, 1, 3, 5]);
  const joined = reshape(apart, [sy * sx, ...shape]);
  return (row, column) => {
    const at = row * sx + column;
    return reshape(slice(joined, 0, at, at + 1), shape);
  };
};

/** One tap along the rows: the image (or phase) that it reads, and how far up. */
interface RowTap {
  readonly from: Value;
  readonly shift: number;
}

/** Taps of rows that are whole blocks: the tiles are transposed once and then picked in the order needed. */
const rowsOfBlocks = (taps: readonly RowTap[], ho: number): Value => {
  const [n, cb, h, w, b] = sizes(taps[0]!.from.shape, 5);
  const across = w / b;
  const sources = [...new Set(taps.map((t) => t.from))];
  const above = Math.max(0, ...taps.map((t) => -t.shift));
  const below = Math.max(0, ...taps.map((t) => t.shift + ho - h));
  const height = above + h + below;
  const tiles = sources.map((x) =>
    pad(transposeTiles(reshape(x, [n * cb, h, across, b, b])), [0, above, 0, 0, 0], [0, below, 0, 0, 0]),
  );
  const rows = reshape(concat(tiles, 0), [sources.length * n * cb * height * across, b * b]);
  const order: number[] = [];
  for (let image = 0; image < n; image++)
    for (let y = 0; y < ho; y++)
      for (let column = 0; column < across; column++)
        for (const { from, shift } of taps)
          for (let c = 0; c < cb; c++) {
            const plane = (sources.indexOf(from) * n + image) * cb + c;
            order.push((plane * height + above + y + shift) * across + column);
          }
  const picked = gather(rows, constant(longs(order)), 0);
  return reshape(picked, [1, n * ho * across, taps.length * cb, b, b]);
};

/** Taps of rows of any length: shifted first, then cut into blocks. */
const shiftedRows = (taps: readonly RowTap[], ho: number): Value => {
  const [n, cb, h, w, b] = sizes(taps[0]!.from.shape, 5);
  const moved = taps.map(({ from, shift }) =>
    reshape(pad(from, [0, 0, -shift, 0, 0], [0, 0, shift + ho - h, 0, 0]), [n, cb, ho * w, b]),
  );
  const all = wholeBlocks(concat(moved, 1), b);
  const blocks = all.shape[2]! / b;
  const tiles = transposeTiles(reshape(all, [n, taps.length * cb, blocks, b, b]));
  return reshape(transpose(tiles, [0, 2, 1, 3, 4]), [1, n * blocks, taps.length * cb, b, b]);
};

/** Every tap's channels as places, and the places (n, h, w) as channels: [1, P/b, taps C/b, b, b of P]. */
const imageOfPlaces = (taps: readonly RowTap[], ho: number): Value =>
  taps[0]!.from.shape[3]! % taps[0]!.from.shape[4]! === 0 ? rowsOfBlocks(taps, ho) : shiftedRows(taps, ho);

/** x [N, K/b, H, W, b] as the filter of a 1 x 1 convolution over its places: [K/b, P/b, 1, 1, b of P, b of K]. */
const filterOfPlaces = (x: Value): Value => {
  const [n, kb, h, w, b] = sizes(x.shape, 5);
  const all = wholeBlocks(reshape(x, [n, kb, h * w, b]), b);
  const blocks = all.shape[2]! / b;
  return reshape(transpose(reshape(all, [n, kb, blocks, b, b]), [1, 0, 2, 3, 4]), [kb, n * blocks, 1, 1, b, b]);
};

/**
 * The sum over all places of an image's channels (`imageOfPlaces`, of as many places) times those of x [N, K/b, H, W, b]:
 * [K/b, taps C/b, b, b]. x is put in order for one product over all images, unless the products of the single images, for
 * which it lies right, are so small that summing them takes less.
 */
const overPlaces = (image: Value, x: Value): Value => {
  const [n, kb, h, w, b] = sizes(x.shape, 5);
  const [, positions, channels] = sizes(image.shape, 5);
  if ((h * w) % b === 0 && 2 * channels * b <= h * w) {
    const filters = reshape(x, [n * kb, positions / n, 1, 1, b, b]);
    const products = blockedConv(image, filters, { groups: n });
    return reduceSum(reshape(products, [n, kb, channels, b, b]), [0]);
  }
  return reshape(blockedConv(image, filterOfPlaces(x)), [kb, channels, b, b]);
};

/** Gradient of a wide filter: x [N, C/b, H, W, b], dy [N, K/b, H', W', b] -> [K/b, C/b, kh, kw, b, b]. */
export const blockedFilterGradient = (
  x: Value,
  dy: Value,
  [kh, kw]: readonly [number, number],
  { stride, padding }: Convolution,
  winograd: WinogradChoice,
): Value => {
  const pads = [...padding, ...padding];
  const simple = stride.every((s) => s === 1) && hasWinogradFilterGradient(dy.shape);
  if (simple && usesWinograd(x, [dy.shape[1]!, x.shape[1]!, kh, kw], pads, winograd)) {
    return winogradFilterGradient(x, dy, pads, winograd.cache);
  }
  const [, cb, , , b] = sizes(x.shape, 5);
  const [, kb, ho, wo] = sizes(dy.shape, 5);
  const phase = phases(x, stride);
  const [rows, columns] = [x.shape[2]! / stride[0], x.shape[3]! / stride[1]];

  /** Every row tap of a column phase: positions as channels [1, P/b, kh, C, b]. */
  const images = new Map<number, Value>();
  const imageOf = (columnPhase: number): Value => {
    const known = images.get(columnPhase);
    if (known !== undefined) return known;
    const taps = tapsOf(kh, stride[0], 1, padding[0]).map((t) => ({
      from: phase(t.phase, columnPhase),
      shift: t.shift,
    }));
    const image = imageOfPlaces(taps, ho);
    images.set(columnPhase, image);
    return image;
  };

  if (kh * kw === 1 && ho === rows && wo === columns && cb > kb) {
    // Either may be the filter, and the tiles of the smaller one are turned.
    const image = imageOfPlaces([{ from: dy, shift: 0 }], ho);
    const product = overPlaces(image, phase(0, 0));
    return reshape(transpose(transposeTiles(product), [1, 0, 2, 3]), [kb, cb, 1, 1, b, b]);
  }

  const parts = tapsOf(kw, stride[1], 1, padding[1]).map((tap) => {
    const moved = pad(dy, [0, 0, 0, tap.shift, 0], [0, 0, 0, columns - wo - tap.shift, 0]);
    return reshape(overPlaces(imageOf(tap.phase), moved), [kb, kh, cb, 1, b, b]);
  });
  return transpose(concat(parts, 3), [0, 2, 1, 3, 4, 5]);
};

/** Gradient of a filter of few channels: x [N, C, H, W] plain, dy [N, K/b, H', W', b] -> [K/b, C, kh, kw, b]. */
export const narrowFilterGradient = (
  x: Value,
  dy: Value,
  [kh, kw]: readonly [number, number],
  { stride, padding }: Convolution,
): Value => {
  const [n, c] = sizes(x.shape, 4);
  const [, kb, ho, wo, b] = sizes(dy.shape, 5);
  const padded = pad(x, [0, 0, ...padding], [0, 0, ...padding]);
  const patches: Value[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const rows = slice(padded, 2, i, i + stride[0] * (ho - 1) + 1, stride[0]);
      patches.push(reshape(slice(rows, 3, j, j + stride[1] * (wo - 1) + 1, stride[1]), [n, 1, c, ho * wo]));
    }
  }
  const columns = reshape(concat(patches, 2), [n, 1, kh * kw * c, ho * wo]);
  const products = reduceSum(matmul(columns, reshape(dy, [n, kb, ho * wo, b])), [0]);
  return transpose(reshape(products, [kb, kh, kw, c, b]), [0, 3, 1, 2, 4]);
};

/**
 * Gradient of a depthwise filter, x [N, C/b, H, W, b], dy [N, C/b, H', W', b] -> [C/b, 1, kh, kw, b]: every image of every
 * channel is convolved with its own cotangent as the filter, stride and dilation exchanged.
 */
export const depthwiseFilterGradient = (
  x: Value,
  dy: Value,
  [kh, kw]: readonly [number, number],
  { stride, padding, dilation }: Convolution,
): Value => {
  const [n, cb, h, w, b] = sizes(x.shape, 5);
  const [, , ho, wo] = sizes(dy.shape, 5);
  // Rows and columns beyond the last window must not make further places.
  const over = [h, w].map((d, a) => {
    const reach = stride[a]! * ([ho, wo][a]! - 1) + dilation[a]! * ([kh, kw][a]! - 1) + 1;
    return reach - d - padding[a]!;
  });
  const products = blockedConv(reshape(x, [1, n * cb, h, w, b]), reshape(dy, [n * cb, 1, ho, wo, b]), {
    pads: [padding[0], padding[1], Math.max(0, over[0]!), Math.max(0, over[1]!)],
    stride: dilation,
    dilation: stride,
    groups: n * cb * b,
  });
  const [, , rows, columns] = sizes(products.shape, 5);
  const kept = rows === kh && columns === kw ? products : slice(slice(products, 2, 0, kh), 3, 0, kw);
  return reshape(reduceSum(reshape(kept, [n, cb, 1, kh, kw, b]), [0]), [cb, 1, kh, kw, b]);
};
