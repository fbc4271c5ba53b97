// 3 x 3 convolutions and their filter gradients by Winograd's algorithm.
import { abs, add, relu, relu6, step } from "../autodiff/ops/elementwise.ts";
import { gather } from "../autodiff/ops/gather.ts";
import { constant, zeros } from "../autodiff/ops/leaves.ts";
import { matmul } from "../autodiff/ops/matmul.ts";
import { concat, pad, reshape, slice, transpose } from "../autodiff/ops/movement.ts";
import { sizes } from "../autodiff/shapes.ts";
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

/** The convolution of an image of this shape, its results of height x width; `images` are done together. */
interface Geometry {
  readonly shape: readonly number[];
  readonly pads: readonly number[];
  readonly height: number;
  readonly width: number;
  readonly images: number;
}

/** Images from `start` to before `end`. */
type Chunk = readonly [start: number, end: number];

const tilesOf = ({ height, width }: Pick<Geometry, "height" | "width">): [number, number] => [
  Math.ceil(height / out),
  Math.ceil(width / out),
];

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/**
 * Counts the images that are done together: as many as keep their transformed tiles in the cache for the passes that follow.
 * All of them where the transformed filters, which each chunk reads anew, do not stay there anyway.
 */
const imagesTogether = (
  { shape, height, width }: Omit<Geometry, "images">,
  filterCount: number,
  cache: number,
): number => {
  const [n, cb, , , b] = sizes(shape, 5);
  if (4 * points * cb * b * filterCount > cache) return n;
  const [th, tw] = tilesOf({ height, width });
  // The gradient of the filter needs tiles by the block.
  const step = b / greatestCommonDivisor(b, th * tw);
  const fitting = cache / (4 * points * cb * b * th * tw);
  const chunks = Math.ceil(n / Math.max(step, fitting));
  return step * Math.ceil(n / chunks / step);
};

const geometryOf = (x: Value, pads: readonly number[], filterCount: number, cache: number): Geometry => {
  const [, , h, w] = sizes(x.shape, 5);
  const geometry = {
    shape: x.shape,
    pads,
    height: h + pads[0]! + pads[2]! - 2,
    width: w + pads[1]! + pads[3]! - 2,
  };
  return { ...geometry, images: imagesTogether(geometry, filterCount, cache) };
};

const chunksOf = ({ shape, images }: Geometry): Chunk[] =>
  Array.from({ length: Math.ceil(shape[0]! / images) }, (_, i) => [i * images, Math.min(shape[0]!, (i + 1) * images)]);

/** Indices of the rows of b numbers of x, and of the row of zeros after them, that make tiles: [36, C/b, n, th, tw]. */
const tileOrder = (geometry: Geometry, [start, end]: Chunk): Value => {
  const { shape, pads } = geometry;
  const [n, cb, h, w] = sizes(shape, 5);
  const [th, tw] = tilesOf(geometry);
  const order = new BigInt64Array(points * cb * (end - start) * th * tw);
  let at = 0;
  for (let i = 0; i < into; i++)
    for (let j = 0; j < into; j++)
      for (let c = 0; c < cb; c++)
        for (let image = start; image < end; image++)
          for (let ty = 0; ty < th; ty++)
            for (let tx = 0; tx < tw; tx++) {
              const [y, x] = [out * ty + i - pads[0]!, out * tx + j - pads[1]!];
              const inside = y >= 0 && x >= 0 && y < h && x < w;
              order[at++] = BigInt(inside ? ((image * cb + c) * h + y) * w + x : n * cb * h * w);
            }
  return constant(tensor(order, [order.length]));
};

/** Convolutions of one shape share the order of their tiles: it is large. */
const orders = new Map<string, readonly Value[]>();
const sharedOrders = (geometry: Geometry): readonly Value[] => {
  const key = JSON.stringify(geometry);
  const found = orders.get(key) ?? chunksOf(geometry).map((chunk) => tileOrder(geometry, chunk));
  orders.set(key, found);
  return found;
};

/** B^T d B of the tiles of x [N, C/b, H, W, b], chunk by chunk: [36, C/b n th tw b] each. */
const transformTiles = (x: Value, geometry: Geometry): readonly Value[] => {
  const [n, cb, h, w, b] = sizes(x.shape, 5);
  const rows = concat([reshape(x, [n * cb * h * w, b]), zeros([1, b])], 0);
  return sharedOrders(geometry).map((order) => {
    const tiles = gather(rows, order, 0);
    return matmul(inputs, reshape(tiles, [points, (tiles.shape[0]! / points) * b]));
  });
};

/** A convolution and its filter's gradient read the same transformed tiles. */
const known = new WeakMap<Value, Map<string, readonly Value[]>>();
const transformedTiles = (x: Value, geometry: Geometry): readonly Value[] => {
  const key = JSON.stringify(geometry);
  const ofX = known.get(x) ?? new Map<string, readonly Value[]>();
  known.set(x, ofX);
  const tiles = ofX.get(key) ?? transformTiles(x, geometry);
  ofX.set(key, tiles);
  return tiles;
};

/** G g G^T of filters whose taps come first, [9, K/b, C/b, b b]: filters [36 K/b, C/b, 1, 1, b, b], 36 groups. */
export const transformedFilters = (taps: Value, b: number): Value => {
  const [nine, kb, cb] = sizes(taps.shape, 4);
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

/** Convolves x [N, C/b, H, W, b] with transformed filters, stride 1; then bias, sum and activation as in `blockedConv`. */
export const winogradConv = (
  x: Value,
  transformed: Value,
  { pads = [0, 0, 0, 0], bias, sum, activation = "none" }: ConvolutionParts,
  cache: number,
): Value => {
  const activate = { none: (v: Value) => v, relu, relu6, step, abs }[activation];
  const [, cb, , , b] = sizes(x.shape, 5);
  const kb = transformed.shape[0]! / points;
  const geometry = geometryOf(x, pads, kb * b, cache);
  const { height, width } = geometry;
  const [th, tw] = tilesOf(geometry);
  const biases =
    bias && concat([zeros([constantPoint * kb * b]), bias, zeros([(points - constantPoint - 1) * kb * b])], 0);
  const tiles = transformedTiles(x, geometry);
  const results = chunksOf(geometry).map(([start, end], i) => {
    const n = end - start;
    const [rows, columns] = nearSquare(n * th * tw);
    const products = blockedConv(reshape(tiles[i]!, [1, points * cb, rows, columns, b]), transformed, {
      groups: points,
      bias: biases,
    });
    const places = matmul(outputs, reshape(products, [points, kb * n * th * tw * b]));
    const placed = transpose(reshape(places, [out, out, kb, n, th, tw, b]), [3, 2, 4, 0, 5, 1, 6]);
    const y = cropped(reshape(placed, [n, kb, th * out, tw * out, b]), height, width);
    return activate(sum === undefined ? y : add(y, slice(sum, 0, start, end)));
  });
  return concat(results, 0);
};

/** True where the gradient below can be computed: the tiles are the channels of a convolution, and fill whole blocks. */
export const hasWinogradFilterGradient = ([n, , height, width, b]: readonly number[]): boolean =>
  (n! * Math.ceil(height! / out) * Math.ceil(width! / out)) % b! === 0;

/**
 * Gradient of a 3 x 3 filter, stride 1, from x [N, C/b, H, W, b] and dy [N, K/b, H', W', b]: the transpose of the above,
 * dg = G^T [sum over tiles of (B^T d B) * (A dY A^T)] G, in [K/b, C/b, 3, 3, b, b].
 */
export const winogradFilterGradient = (x: Value, dy: Value, pads: readonly number[], cache: number): Value => {
  const [, cb] = sizes(x.shape, 5);
  const [, kb, height, width, b] = sizes(dy.shape, 5);
  const geometry = geometryOf(x, pads, kb * b, cache);
  const [th, tw] = tilesOf(geometry);
  const tiles = transformedTiles(x, geometry);
  const products = chunksOf(geometry).reduce<Value | undefined>((sum, [start, end], i) => {
    const n = end - start;
    const blocks = (n * th * tw) / b;
    const part = slice(dy, 0, start, end);
    const whole = pad(part, [0, 0, 0, 0, 0], [0, 0, th * out - height, tw * out - width, 0]);
    const apart = transpose(reshape(whole, [n, kb, th, out, tw, out, b]), [3, 5, 1, 0, 2, 4, 6]);
    const spread = matmul(outputs, reshape(apart, [out * out, kb * n * th * tw * b]), transposed);
    const turned = transposeTiles(reshape(tiles[i]!, [points, cb, blocks, b, b]));
    const image = reshape(transpose(turned, [0, 2, 1, 3, 4]), [1, points * blocks, cb, b, b]);
    return blockedConv(image, reshape(spread, [points * kb, blocks, 1, 1, b, b]), { groups: points, sum });
  }, undefined);
  const taps = matmul(filters, reshape(products!, [points, kb * cb * b * b]), transposed);
  return reshape(transpose(reshape(taps, [9, kb, cb, b * b]), [1, 2, 0, 3]), [kb, cb, 3, 3, b, b]);
};

/** When Winograd's way is taken, and how many bytes of transformed tiles the passes over them find in the cache. */
export interface WinogradChoice {
  readonly isFaster: (channels: number, filterCount: number, n: number, height: number, width: number) => boolean;
  readonly cache: number;
}

/**
 * True where Winograd's algorithm is faster, in units of the time of two operations an output, an input and a filter
 * channel: the direct way takes 9. Moving tiles costs by the channels, the transform of the filters by their number; both as
 * measured (docs/decisions/blocked-lowering.md).
 */
const isFaster: WinogradChoice["isFaster"] = (channels, filterCount, n, height, width) => {
  const area = Math.ceil(height / out) * Math.ceil(width / out) * out * out;
  const multiplications = points / (out * out);
  const moves = (277 * (channels + filterCount)) / (channels * filterCount);
  const perPlace = (area / (height * width)) * (multiplications + moves);
  return perPlace + 2200 / (n * height * width) < 8;
};

export const winogradChoice: WinogradChoice = { isFaster, cache: 3 * 2 ** 20 };
