// Layers in plain loops and double precision, to check devices against.
import { sizes } from "../autodiff/shapes.ts";
import { sizeOf } from "../autodiff/types.ts";
import type { Layers, Window } from "./check-network.ts";

/** A tensor in double precision, row-major. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Four = readonly [number, number, number, number];

const filled = (shape: readonly number[], at: (i: number) => number): Plain => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => at(i)),
});

/** `each(n, c, h, w)` for every element of a tensor [N, C, H, W]. */
const images = (shape: Four, each: (n: number, c: number, h: number, w: number) => number): Plain => {
  const [n, channels, height, width] = shape;
  const data = new Float64Array(sizeOf(shape));
  let i = 0;
  for (let b = 0; b < n; b++)
    for (let c = 0; c < channels; c++)
      for (let h = 0; h < height; h++) for (let w = 0; w < width; w++) data[i++] = each(b, c, h, w);
  return { shape, data };
};

const resultSize = (n: number, k: number, { stride, padding }: Window): number =>
  Math.floor((n + 2 * padding - k) / stride) + 1;

/** Every window of every plane, made one number of. Padding takes no part. */
const pool = (
  x: Plain,
  size: number,
  at: Window,
  start: number,
  join: (result: number, value: number) => number,
): Plain => {
  const [n, channels, height, width] = sizes(x.shape, 4);
  return images([n, channels, resultSize(height, size, at), resultSize(width, size, at)], (b, c, h, w) => {
    const top = h * at.stride - at.padding;
    const left = w * at.stride - at.padding;
    let result = start;
    for (let i = Math.max(top, 0); i < Math.min(top + size, height); i++)
      for (let j = Math.max(left, 0); j < Math.min(left + size, width); j++)
        result = join(result, x.data[((b * channels + c) * height + i) * width + j]!);
    return result;
  });
};

const each = (x: Plain, f: (value: number, i: number) => number): Plain => ({ ...x, data: x.data.map(f) });

const meanOf = (x: Plain, channel: number, f: (value: number) => number): number => {
  const [n, channels, height, width] = sizes(x.shape, 4);
  let sum = 0;
  for (let b = 0; b < n; b++) {
    const plane = (b * channels + channel) * height * width;
    for (let p = 0; p < height * width; p++) sum += f(x.data[plane + p]!);
  }
  return sum / (n * height * width);
};

/** The layers by their definitions, in loops and double precision: shares nothing with what it is to check. */
export const plainLayers: Layers<Plain> = {
  pick: (x, rows) => {
    const shape = sizes(x.shape, 4);
    const [, channels, height, width] = shape;
    return images(shape, (b, c, h, w) => x.data[((b * channels + c) * height + rows.data[h]!) * width + w]!);
  },
  convolve: (x, filter, { groups, ...at }) => {
    const [n, channels, height, width] = sizes(x.shape, 4);
    const [k, perGroup, kh, kw] = sizes(filter.shape, 4);
    return images([n, k, resultSize(height, kh, at), resultSize(width, kw, at)], (b, o, h, w) => {
      const first = b * channels + Math.floor(o / (k / groups)) * perGroup;
      const top = h * at.stride - at.padding;
      const left = w * at.stride - at.padding;
      let sum = 0;
      for (let c = 0; c < perGroup; c++)
        for (let i = Math.max(-top, 0); i < Math.min(kh, height - top); i++)
          for (let j = Math.max(-left, 0); j < Math.min(kw, width - left); j++)
            sum +=
              x.data[((first + c) * height + top + i) * width + left + j]! *
              filter.data[((o * perGroup + c) * kh + i) * kw + j]!;
      return sum;
    });
  },
  normalise: (x, scale, shift) => {
    const shape = sizes(x.shape, 4);
    const moments = Array.from({ length: shape[1] }, (_, c) => {
      const mean = meanOf(x, c, (v) => v);
      return { mean, deviation: Math.sqrt(meanOf(x, c, (v) => (v - mean) ** 2)) };
    });
    const place = shape[2] * shape[3];
    return each(x, (value, i) => {
      const c = Math.floor(i / place) % shape[1];
      const { mean, deviation } = moments[c]!;
      return ((value - mean) / deviation) * scale.data[c]! + shift.data[c]!;
    });
  },
  relu: (x) => each(x, (v) => Math.max(v, 0)),
  sigmoid: (x) => each(x, (v) => 1 / (1 + Math.exp(-v))),
  add: (a, b) => each(a, (v, i) => v + b.data[i]!),
  multiply: (a, b) => each(a, (v, i) => v * b.data[i]!),
  averagePool: (x, size, at) =>
    each(
      pool(x, size, at, 0, (sum, v) => sum + v),
      (sum) => sum / size ** 2,
    ),
  maxPool: (x, size, at) => pool(x, size, at, Number.NEGATIVE_INFINITY, Math.max),
  globalAverage: (x) => {
    const [n, channels, height, width] = sizes(x.shape, 4);
    const place = height * width;
    return filled([n, channels], (i) => x.data.subarray(i * place, (i + 1) * place).reduce((s, v) => s + v, 0) / place);
  },
  dense: (x, matrix) => {
    const [n, channels] = sizes(x.shape, 2);
    const columns = matrix.shape[1]!;
    return filled([n, columns], (i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += x.data[row * channels + c]! * matrix.data[c * columns + column]!;
      return sum;
    });
  },
  crossEntropy: (logits, targets) => {
    const [n, classes] = sizes(logits.shape, 2);
    let sum = 0;
    for (let row = 0; row < n; row++) {
      const z = logits.data.subarray(row * classes, (row + 1) * classes);
      const normaliser = Math.log(z.reduce((s, v) => s + Math.exp(v), 0));
      z.forEach((v, c) => {
        sum -= targets.data[row * classes + c]! * (v - normaliser);
      });
    }
    return filled([], () => sum / n);
  },
};
