import { add, relu, relu6, step } from "../autodiff/ops/elementwise.ts";
import { gather } from "../autodiff/ops/gather.ts";
import { constant, zeros } from "../autodiff/ops/leaves.ts";
import { matmul } from "../autodiff/ops/matmul.ts";
import { concat, pad, reshape, slice, transpose } from "../autodiff/ops/movement.ts";
import { tensor } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import { blockedConv, type ConvolutionParts, transposeTiles } from "./ops.ts";

/**
 * 3 x 3 convolutions by Winograd's F(4x4, 3x3) (Lavin & Gray 2016, arXiv 1509.09308): outputs come in tiles of 4 x 4 from
 * overlapping input tiles d of 6 x 6, Y = A^T [(G g G^T) * (B^T d B)] A, a quarter of the multiplications. In one dimension:
 */
const inputTransform = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const filterTransform = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const outputTransform = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];
/** Outputs and inputs of a tile along an axis, and places in the transformed tile. */
const [out, into] = [4, 6];
const points = into * into;
/** The point to which a constant added is added to every output: its column of A^T is all ones. */
const constantPoint = 1 * into + 1;

/** The transform of both axes at once: [rows^2, columns^2]. */
const twice = (m: readonly (readonly number[])[]): Value => {
  const [rows, columns] = [m.length, m[0]!.length];
  const data = new Float32Array(rows * rows * columns * columns);
  for (let i = 0; i < rows * rows; i++)
    for (let j = 0; j < columns * columns; j++)
      data[i * columns * columns + j] = m[Math.floor(i / rows)]![Math.floor(j / columns)]! * m[i % rows]![j % columns]!;
  return constant(tensor(data, [rows * rows, columns * columns]));
};

const [inputs, filters, outputs] = [twice(inputTransform), twice(filterTransform), twice(outputTransform)];
const transposed = { transposeA: true } as const;

interface Geometry {
  readonly shape: readonly number[];
  readonly pads: readonly number[];
  readonly height: number;
  readonly width: number;
}

/** Which rows of b numbers of x, and the row of zeros after them, make its tiles: [36, C/b, N, th, tw]. */
const tileOrder = ({ shape, pads, height, width }: Geometry): Value => {
  const [n, cb, h, w] = shape as [number, number, number, number];
  const [th, tw] = [Math.ceil(height / out), Math.ceil(width / out)];
  const order = new BigInt64Array(points * cb * n * th * tw);
  let at = 0;
  for (let i = 0; i < into; i++)
    for (let j = 0; j < into; j++)
      for (let c = 0; c < cb; c++)
        for (let image = 0; image < n; image++)
          for (let ty = 0; ty < th; ty++)
            for (let tx = 0; tx < tw; tx++) {
              const [y, x] = [out * ty + i - pads[0]!, out * tx + j - pads[1]!];
              const inside = y >= 0 && x >= 0 && y < h && x < w;
              order[at++] = BigInt(inside ? ((image * cb + c) * h + y) * w + x : n * cb * h * w);
            }
  return constant(tensor(order, [order.length]));
};

/** Convolutions of one shape share the order of their tiles: it is large. */
const orders = new Map<string, Value>();
const sharedOrder = (geometry: Geometry): Value => {
  const key = JSON.stringify(geometry);
  const order = orders.get(key) ?? tileOrder(geometry);
  orders.set(key, order);
  return order;
};

/** A convolution and its filter's gradient read the same transformed tiles. */
const known = new WeakMap<Value, Map<string, Value>>();
const transformedTiles = (x: Value, geometry: Geometry): Value => {
  const key = JSON.stringify(geometry);
  const ofX = known.get(x) ?? new Map<string, Value>();
  known.set(x, ofX);
  const tiles = ofX.get(key) ?? transformTiles(x, geometry);
  ofX.set(key, tiles);
  return tiles;
};

/** B^T d B of every tile of x [N, C/b, H, W, b]: [36, C/b N th tw b]. */
const transformTiles = (x: Value, geometry: Geometry): Value => {
  const [n, cb, h, w, b] = x.shape as [number, number, number, number, number];
  const rows = concat([reshape(x, [n * cb * h * w, b]), zeros([1, b])], 0);
  const tiles = gather(rows, sharedOrder(geometry), 0);
  return matmul(inputs, reshape(tiles, [points, (tiles.shape[0]! / points) * b]));
};

/** G g G^T of filters whose taps come first, [9, K/b, C/b, b b]: filters [36 K/b, C/b, 1, 1, b, b] of a grouped 1 x 1 convolution. */
export const transformedFilters = (taps: Value, b: number): Value => {
  const [nine, kb, cb] = taps.shape as [number, number, number];
  const transformed = matmul(filters, reshape(taps, [nine, kb * cb * b * b]));
  return reshape(transformed, [points * kb, cb, 1, 1, b, b]);
};

/** Rows and columns as near to a square as they come, so that all threads find work. */
const nearSquare = (places: number): [number, number] => {
  let rows = Math.floor(Math.sqrt(places));
  while (places % rows !== 0) rows--;
  return [places / rows, rows];
};

const cropped = (x: Value, height: number, width: number): Value => slice(slice(x, 2, 0, height), 3, 0, width);

/** The convolution of x [N, C/b, H, W, b] with transformed filters, stride 1; then bias, sum and activation as in `blockedConv`. */
export const winogradConv = (
  x: Value,
  transformed: Value,
  { pads = [0, 0, 0, 0], bias, sum, activation = "none" }: ConvolutionParts,
): Value => {
  const activate = { none: (v: Value) => v, relu, relu6, step }[activation];
  const [n, cb, h, w, b] = x.shape as [number, number, number, number, number];
  const kb = transformed.shape[0]! / points;
  const [height, width] = [h + pads[0]! + pads[2]! - 2, w + pads[1]! + pads[3]! - 2];
  const [th, tw] = [Math.ceil(height / out), Math.ceil(width / out)];
  const tiles = transformedTiles(x, { shape: x.shape, pads, height, width });
  const [rows, columns] = nearSquare(n * th * tw);
  const biases =
    bias && concat([zeros([constantPoint * kb * b]), bias, zeros([(points - constantPoint - 1) * kb * b])], 0);
  const products = blockedConv(reshape(tiles, [1, points * cb, rows, columns, b]), transformed, {
    groups: points,
    bias: biases,
  });
  const results = matmul(outputs, reshape(products, [points, kb * n * th * tw * b]));
  const placed = transpose(reshape(results, [out, out, kb, n, th, tw, b]), [3, 2, 4, 0, 5, 1, 6]);
  const whole = reshape(placed, [n, kb, th * out, tw * out, b]);
  const y = cropped(whole, height, width);
  return activate(sum === undefined ? y : add(y, sum));
};

/** Whether the gradient below can be had: the tiles are the channels of a convolution, and fill whole blocks. */
export const hasWinogradFilterGradient = ([n, , height, width, b]: readonly number[]): boolean =>
  (n! * Math.ceil(height! / out) * Math.ceil(width! / out)) % b! === 0;

/**
 * Gradient of a 3 x 3 filter, stride 1, from x [N, C/b, H, W, b] and dy [N, K/b, H', W', b]: the transpose of the above,
 * dg = G^T [sum over tiles of (B^T d B) * (A dY A^T)] G, in [K/b, C/b, 3, 3, b, b].
 */
export const winogradFilterGradient = (x: Value, dy: Value, pads: readonly number[]): Value => {
  const [, cb] = x.shape as [number, number];
  const [n, kb, height, width, b] = dy.shape as [number, number, number, number, number];
  const [th, tw] = [Math.ceil(height / out), Math.ceil(width / out)];
  const blocks = (n * th * tw) / b;
  const whole = pad(dy, [0, 0, 0, 0, 0], [0, 0, th * out - height, tw * out - width, 0]);
  const apart = transpose(reshape(whole, [n, kb, th, out, tw, out, b]), [3, 5, 1, 0, 2, 4, 6]);
  const spread = matmul(outputs, reshape(apart, [out * out, kb * n * th * tw * b]), transposed);
  const tiles = transformedTiles(x, { shape: x.shape, pads, height, width });
  const turned = transposeTiles(reshape(tiles, [points, cb, blocks, b, b]));
  const image = reshape(transpose(turned, [0, 2, 1, 3, 4]), [1, points * blocks, cb, b, b]);
  const products = blockedConv(image, reshape(spread, [points * kb, blocks, 1, 1, b, b]), { groups: points });
  const taps = matmul(filters, reshape(products, [points, kb * cb * b * b]), transposed);
  return reshape(transpose(reshape(taps, [9, kb, cb, b * b]), [1, 2, 0, 3]), [kb, cb, 3, 3, b, b]);
};

/**
 * Whether Winograd's way is faster, in units of the time of two operations an output, an input and a filter channel: the
 * direct way takes 9. Moving tiles costs by the channels, the transform of the filters by their number; both as measured
 * (docs/decisions/blocked-lowering.md).
 */
export const isFaster = (channels: number, filterCount: number, n: number, height: number, width: number): boolean => {
  const area = Math.ceil(height / out) * Math.ceil(width / out) * out * out;
  const multiplications = points / (out * out);
  const moves = (277 * (channels + filterCount)) / (channels * filterCount);
  const perPlace = (area / (height * width)) * (multiplications + moves);
  return perPlace + 2200 / (n * height * width) < 8;
};
