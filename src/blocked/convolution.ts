// Convolutions and their image gradients on blocked tensors.
import type { Convolution } from "../autodiff/ops/convolution/settings.ts";
import { type Phase, phasesOf } from "../autodiff/ops/convolution/transpose-lowering.ts";
import { gather } from "../autodiff/ops/gather.ts";
import { constant, zeros } from "../autodiff/ops/leaves.ts";
import { concat, pad, reshape, transpose } from "../autodiff/ops/movement.ts";
import { sizes } from "../autodiff/shapes.ts";
import { longs, sizeOf } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import { fillsBlocks, type Layout } from "./layout.ts";
import { blockedConv, type ConvolutionParts, transposeTiles } from "./ops.ts";
import { transformedFilters, type WinogradChoice, winogradConv } from "./winograd.ts";

/** The layout of a filter that the blocked convolution takes; undefined where it takes none of this shape. */
export const filterLayout = (w: readonly number[], groups: number, block: number): Layout | undefined => {
  const [k, j] = sizes(w, 4);
  if (!fillsBlocks(k, block)) return undefined;
  if (groups === 1) return j < block ? "rows" : fillsBlocks(j, block) ? "filter" : undefined;
  return groups === k && j === 1 ? "rows" : undefined;
};

/** True where a convolution of x without strides and dilation, by a filter of this shape, is done by Winograd's algorithm. */
export const usesWinograd = (
  x: Value,
  [kb, cb, kh, kw]: readonly number[],
  pads: readonly number[],
  winograd: WinogradChoice,
): boolean => {
  const [n, , h, w, b] = sizes(x.shape, 5);
  const [height, width] = [h + pads[0]! + pads[2]! - 2, w + pads[1]! + pads[3]! - 2];
  return kh === 3 && kw === 3 && winograd.isFaster(cb! * b, kb! * b, n, height, width);
};

/** Groups of a convolution with a filter that lies so: a depthwise one has one for every channel, padding included. */
const groupsOf = (w: Value, groups: number): number => (groups === 1 ? 1 : w.shape[0]! * w.shape.at(-1)!);

/** x [N, C/b, H, W, b] (plain where C < b) convolved with w. */
export const blockedConvolution = (
  x: Value,
  w: Value,
  { stride, padding, dilation, groups }: Convolution,
  parts: Pick<ConvolutionParts, "bias" | "sum" | "activation">,
  winograd: WinogradChoice,
): Value => {
  const pads = [...padding, ...padding];
  const simple = [...stride, ...dilation].every((n) => n === 1);
  if (w.shape.length === 6 && simple && usesWinograd(x, w.shape, pads, winograd)) {
    const [kb, cb, , , b] = sizes(w.shape, 6);
    const taps = transpose(reshape(w, [kb, cb, 9, b * b]), [2, 0, 1, 3]);
    return winogradConv(x, transformedFilters(taps, b), { ...parts, pads }, winograd.cache);
  }
  return blockedConv(x, w, { ...parts, stride, pads, dilation, groups: groupsOf(w, groups) });
};

const reversed = (n: number): number[] => Array.from({ length: n }, (_, i) => n - 1 - i);

/** Blocks [K/b, C/b, kh, kw, b, b] in another order: [n, b b]. */
const picked = (tiles: Value, order: readonly number[]): Value => {
  const b = tiles.shape.at(-1)!;
  const indices = constant(longs(order));
  return gather(reshape(tiles, [sizeOf(tiles.shape.slice(0, 4)), b * b]), indices, 0);
};

/** A filter's taps chosen and ordered by `rows` and `columns`, with K and C exchanged: [C/b, K/b, rows, columns, b, b]. */
const turned = (tiles: Value, rows: readonly number[], columns: readonly number[]): Value => {
  const [kb, cb, kh, kw, b] = sizes(tiles.shape, 6);
  const order: number[] = [];
  for (let c = 0; c < cb; c++)
    for (let k = 0; k < kb; k++)
      for (const i of rows) for (const j of columns) order.push(((k * cb + c) * kh + i) * kw + j);
  return reshape(picked(tiles, order), [cb, kb, rows.length, columns.length, b, b]);
};

/** The same of a depthwise filter, which has no channels to exchange: [C/b, 1, rows, columns, b]. */
const depthwiseTaps = (w: Value, rows: readonly number[], columns: readonly number[]): Value => {
  const [cb, , kh, kw, b] = sizes(w.shape, 5);
  const order = rows.flatMap((i) => columns.map((j) => i * kw + j));
  const indices = constant(longs(order));
  return reshape(gather(reshape(w, [cb, kh * kw, b]), indices, 1), [cb, 1, rows.length, columns.length, b]);
};

/** A 3 x 3 filter turned about, its taps first: [9, C/b, K/b, b b]. */
const turnedTaps = (tiles: Value): Value => {
  const [kb, cb, , , b] = sizes(tiles.shape, 6);
  const order: number[] = [];
  for (const tap of reversed(9))
    for (let c = 0; c < cb; c++) for (let k = 0; k < kb; k++) order.push((k * cb + c) * 9 + tap);
  return reshape(picked(tiles, order), [9, cb, kb, b * b]);
};

const reached = ({ taps }: Phase): boolean => taps.length > 0;

/** True where `blockedImageGradient` covers a convolution of an image of this shape. */
export const hasBlockedImageGradient = (
  shape: readonly number[],
  dy: readonly number[],
  w: readonly number[],
  { stride, padding, dilation }: Convolution,
): boolean =>
  ([0, 1] as const).every((a) => {
    const kernel = w[2 + a]!;
    if (stride[a] === 1) return dilation[a] * (kernel - 1) >= padding[a];
    const whole = shape[2 + a] === stride[a] * dy[2 + a]!;
    const phases = phasesOf(kernel, stride[a], padding[a]);
    return whole && dilation[a] === 1 && phases.every((p) => !reached(p) || (p.low <= 0 && p.high >= 0));
  });

/**
 * Gradient of a convolution with respect to its image [N, C/b, H, W, b], from dy [N, K/b, H', W', b] and the filter w.
 * Without strides it is the convolution of dy with the filter turned about (taps reversed, channels exchanged). With
 * strides every phase of the image (rows and columns modulo the stride) is a convolution of its own with the taps that
 * reach it, so no multiplication is wasted on zeros; the phases are then woven together.
 */
export const blockedImageGradient = (
  dy: Value,
  w: Value,
  { stride, padding, dilation, groups }: Convolution,
  sum: Value | undefined,
  winograd: WinogradChoice,
): Value => {
  const [kh, kw] = [w.shape[2]!, w.shape[3]!];
  if (stride[0] === 1 && stride[1] === 1) {
    const [top, left] = [dilation[0] * (kh - 1) - padding[0], dilation[1] * (kw - 1) - padding[1]];
    const pads = [top, left, top, left];
    if (w.shape.length === 6) {
      const [kb, cb, b] = [w.shape[0]!, w.shape[1]!, w.shape.at(-1)!];
      if (dilation.every((d) => d === 1) && usesWinograd(dy, [cb, kb, kh, kw], pads, winograd)) {
        return winogradConv(dy, transformedFilters(turnedTaps(transposeTiles(w)), b), { pads, sum }, winograd.cache);
      }
      return blockedConv(dy, turned(transposeTiles(w), reversed(kh), reversed(kw)), { pads, dilation, sum });
    }
    const flipped = depthwiseTaps(w, reversed(kh), reversed(kw));
    return blockedConv(dy, flipped, { pads, dilation, groups: groupsOf(w, groups), sum });
  }
  const depthwise = w.shape.length === 5;
  const tiles = depthwise ? w : transposeTiles(w);
  const [n, kb, ho, wo, b] = sizes(dy.shape, 5);
  const cb = depthwise ? kb : w.shape[1]!;
  const [down, across] = [phasesOf(kh, stride[0], padding[0]), phasesOf(kw, stride[1], padding[1])];
  const phase = (i: Phase, j: Phase): Value =>
    reached(i) && reached(j)
      ? blockedConv(dy, (depthwise ? depthwiseTaps : turned)(tiles, i.taps, j.taps), {
          pads: [-i.low, -j.low, i.high, j.high],
          groups: groupsOf(w, groups),
        })
      : zeros([n, cb, ho, wo, b]);
  const result = [n, cb, ho * stride[0], wo * stride[1], b];
  const alone = (phases: readonly Phase[]): boolean => phases.every((p, i) => reached(p) === (i === 0));
  if (alone(down) && alone(across)) {
    const apart = reshape(phase(down[0]!, across[0]!), [n * cb, ho, 1, wo, 1, b]);
    return reshape(pad(apart, [0, 0, 0, 0, 0, 0], [0, 0, stride[0] - 1, 0, stride[1] - 1, 0]), result);
  }
  const rows = down.map((i) => {
    const parts = across.map((j) => reshape(phase(i, j), [n * cb * ho * wo, 1, b]));
    return reshape(concat(parts, 1), [n * cb * ho, 1, wo * stride[1] * b]);
  });
  return reshape(concat(rows, 1), result);
};
