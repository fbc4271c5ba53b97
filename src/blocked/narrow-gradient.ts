// The image gradient of a convolution of few channels, such as a network's first.
import type { Convolution } from "../autodiff/ops/convolution/settings.ts";
import { add } from "../autodiff/ops/elementwise.ts";
import { pad, reshape, slice, transpose } from "../autodiff/ops/movement.ts";
import { sizes } from "../autodiff/shapes.ts";
import type { Value } from "../autodiff/value.ts";
import { filterLayout } from "./convolution.ts";

import { block, blockedConv, unblockImage } from "./ops.ts";

/** True where `narrowImageGradient` covers a convolution of few channels. */
export const hasNarrowImageGradient = (
  w: readonly number[],
  { stride, padding, dilation, groups }: Convolution,
  size: number,
): boolean =>
  groups === 1 &&
  filterLayout(w, groups, size) === "rows" &&
  ([0, 1] as const).every((a) => stride[a] === 1 && dilation[a] * (w[2 + a]! - 1) >= padding[a]);

/** Sum over i of part i along axis 1 of x, moved by i `step` places along `axis`, of which `length` are kept. */
const sumMoved = (x: Value, parts: number, axis: number, step: number, length: number): Value =>
  Array.from({ length: parts }, (_, i) => {
    const size = x.shape[1]! / parts;
    const from = step * (parts - 1 - i);
    return slice(slice(x, 1, i * size, (i + 1) * size), axis, from, from + length);
  }).reduce(add);

/**
 * Gradient of a convolution of few channels with respect to its image, [N, C, H, W] as they are, from a blocked dy and the
 * filter [K, C, kh, kw]. A 1 x 1 convolution gives what every tap adds to every channel; then taps are moved to their places
 * and summed, rows first. As one convolution with C results, most of a vector register would be idle.
 */
export const narrowImageGradient = (
  dy: Value,
  w: Value,
  [, , height, width]: readonly number[],
  { padding, dilation }: Convolution,
): Value => {
  const [k, c, kh, kw] = sizes(w.shape, 4);
  const taps = reshape(transpose(w, [2, 3, 1, 0]), [kh * kw * c, k, 1, 1]);
  const added = unblockImage(blockedConv(dy, block(taps, "filter", dy.shape.at(-1)!)), kh * kw * c);
  const [top, left] = [dilation[0] * (kh - 1) - padding[0], dilation[1] * (kw - 1) - padding[1]];
  const around = pad(added, [0, 0, top, left], [0, 0, top, left]);
  return sumMoved(sumMoved(around, kh, 2, dilation[0], height!), kw, 3, dilation[1], width!);
};
