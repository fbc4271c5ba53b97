// Large tensors made some images at a time.
import { type Graph, topologicalOrder } from "../autodiff/graph.ts";
import { concat, concatOp, padOp, reshape, reshapeOp, slice, sliceOp } from "../autodiff/ops/movement.ts";
import { sizeOf } from "../autodiff/types.ts";
import { isOf, type Op, Value } from "../autodiff/value.ts";
import { foldOp } from "./narrow-gradient.ts";
import { blockedConvOp, blockedMeanOp, blockedPoolOp, blockedUpsampleOp, blockImageOp, unblockImageOp } from "./ops.ts";

/** Operators whose result [N, ...] is of the N images of their first input. */
const ofImages = new Set<Op>([
  blockedConvOp,
  blockedMeanOp,
  blockedPoolOp,
  blockedUpsampleOp,
  blockImageOp,
  unblockImageOp,
  foldOp,
]);

/**
 * The inputs that are a value's images: what is of an image in the value depends on the same image in these, and on all of the
 * other inputs. None where that is not known.
 */
const imagesOf = (v: Value): readonly Value[] => {
  const { op, inputs, shape } = v;
  if (op.scalar !== undefined)
    return inputs.filter((i) => i.shape.length === shape.length && i.shape[0] === shape[0] && shape[0]! > 1);
  if (isOf(v, blockedConvOp)) return v.attributes.sum ? [inputs[0]!, inputs.at(-1)!] : inputs.slice(0, 1);
  const alongOthers =
    (isOf(v, sliceOp) && v.attributes.axis > 0) ||
    (isOf(v, padOp) && v.attributes.low[0] === 0 && v.attributes.high[0] === 0);
  return ofImages.has(op) || op === reshapeOp || alongOthers ? inputs : [];
};

/** N of values that hold N images, one after the other: their first dimension is a multiple of it. */
const countsOf = (order: readonly Value[]): ReadonlyMap<Value, number> => {
  const counts = new Map<Value, number>();
  for (const v of order) {
    const images = imagesOf(v);
    const n = ofImages.has(v.op) ? v.shape[0]! : images.map((i) => counts.get(i)).find((known) => known !== undefined);
    if (n === undefined || n === 1) continue;
    const alike = images.every((i) => (counts.get(i) ?? n) === n);
    if (alike && [v, ...images].every(({ shape }) => shape[0]! % n === 0)) counts.set(v, n);
  }
  return counts;
};

const bytesOf = ({ shape }: Value): number => 4 * sizeOf(shape);

/** A joint of tensors along the axis of images copies its inputs, whether whole or in parts. */
const isJoint = (v: Value): boolean => isOf(v, concatOp) && v.attributes.axis === 0;

/** The value below reshapes. */
const source = (v: Value): Value => (v.op === reshapeOp ? source(v.inputs[0]!) : v);

/**
 * The large values that are worth making in parts: what they are made of and what is made of them is in parts as well, or half
 * as large at most, so that little is taken apart and joined.
 */
const divisible = (
  { outputs }: Graph,
  order: readonly Value[],
  counts: ReadonlyMap<Value, number>,
  cache: number,
): ReadonlySet<Value> => {
  const users = new Map<Value, Value[]>(order.map((v) => [v, []]));
  for (const v of order) for (const i of v.inputs) users.get(i)!.push(v);
  const found = new Set(order.filter((v) => counts.has(v) && bytesOf(v) > cache && !outputs.includes(v)));
  const isLight = (other: Value, v: Value): boolean => found.has(other) || 2 * bytesOf(other) <= bytesOf(v);
  const comesInParts = (v: Value, largest: Value): boolean => imagesOf(v).every((i) => isLight(i, largest));
  const goesInParts = (v: Value): boolean =>
    users.get(v)!.every((user) => {
      const follows = counts.get(user) === counts.get(v) && imagesOf(user).includes(v);
      return follows && isLight(user, v) && comesInParts(user, v);
    });
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const v of found) if (!comesInParts(v, v) || !goesInParts(v)) found.delete(v);
  }
  return found;
};

type Range = readonly [start: number, end: number];

/** n images, as equal numbers of them as they come. */
const equalRanges = (n: number, most: number): Range[] => {
  const parts = Math.ceil(n / most);
  const edge = (i: number): number => Math.round((i * n) / parts);
  return Array.from({ length: parts }, (_, i) => [edge(i), edge(i + 1)]);
};

/** The ranges of images that the inputs of a joint of n images hold. */
const jointRanges = (v: Value, n: number): Range[] => {
  const each = v.shape[0]! / n;
  let end = 0;
  return v.inputs.map(({ shape }) => {
    const start = end;
    end += shape[0]! / each;
    return [start, end];
  });
};

/** Values that hang together: they are divided alike, and hold each other's images. */
interface Region {
  readonly members: ReadonlySet<Value>;
  readonly ranges: readonly Range[];
  /** Parts of members, and of what they are made of. */
  readonly parts: Map<Value, readonly Value[]>;
}

const countIn = ({ ranges }: Region): number => ranges.at(-1)![1];

const regionOf = (members: readonly Value[], n: number, cache: number): Region => {
  const most = Math.max(1, Math.floor((cache * n) / Math.max(...members.map(bytesOf))));
  // Images that come in parts already are not joined.
  const given = members
    .flatMap((v) => imagesOf(v).map(source))
    .filter(isJoint)
    .map((v) => jointRanges(v, n))
    .find((ranges) => ranges.every(([start, end]) => Number.isInteger(end) && end - start <= most));
  return { members: new Set(members), ranges: given ?? equalRanges(n, most), parts: new Map() };
};

/** The region of each value that is made in parts: the large ones, those made of them, and what is ever smaller after that. */
const regionsOf = (graph: Graph, order: readonly Value[], cache: number): ReadonlyMap<Value, Region> => {
  const counts = countsOf(order);
  const large = divisible(graph, order, counts, cache);
  const groups = new Map<Value, Value[]>();
  for (const v of order) {
    const others = imagesOf(v).filter((i) => groups.has(i) && (large.has(i) || bytesOf(v) < bytesOf(i)));
    if (!large.has(v) && (others.length === 0 || !counts.has(v))) continue;
    const group = [...new Set(others.map((i) => groups.get(i)!))].flat();
    group.push(v);
    for (const member of group) groups.set(member, group);
  }
  const regions = new Map<Value, Region>();
  for (const group of new Set(groups.values())) {
    const region = regionOf(group, counts.get(group[0]!)!, cache);
    for (const member of group) regions.set(member, region);
  }
  return regions;
};

/**
 * Makes large tensors of images some images at a time, so that each part is still in the cache when it is read: a convolution's
 * result that is pooled, a gradient that is masked and convolved. Numbers stay what they are. What takes sums over images
 * needs them all, so that training by statistics of the batch is left as it is.
 */
export const divideImages = (graph: Graph, cache: number): Graph => {
  const order = topologicalOrder(graph.outputs);
  const regions = regionsOf(graph, order, cache);
  const wholes = new Map<Value, Value>();
  const whole = (v: Value): Value => {
    const known = wholes.get(v) ?? concat(regions.get(v)!.parts.get(v)!, 0);
    wholes.set(v, known);
    return known;
  };
  const partsIn = (region: Region, v: Value): readonly Value[] => {
    const known = region.parts.get(v) ?? divided(region, v);
    region.parts.set(v, known);
    return known;
  };
  /** The parts of a value that is a region's, or that a region is made of. */
  const divided = (region: Region, v: Value): readonly Value[] => {
    const { ranges, members } = region;
    const n = countIn(region);
    const each = v.shape[0]! / n;
    const images = imagesOf(v);
    if (v.op === reshapeOp && images[0]!.shape[0]! % n === 0) {
      const shapes = ranges.map(([start, end]) => v.shape.with(0, each * (end - start)));
      return partsIn(region, images[0]!).map((part, i) => reshape(part, shapes[i]!));
    }
    if (members.has(v)) {
      return ranges.map((_, at) => {
        const inputs = v.inputs.map((i) => (images.includes(i) ? partsIn(region, i)[at]! : whole(i)));
        return new Value(v.op, inputs, v.attributes);
      });
    }
    if (isJoint(v) && String(jointRanges(v, n)) === String(ranges)) return v.inputs.map(whole);
    return ranges.map(([start, end]) => slice(whole(v), 0, each * start, each * end));
  };
  /** The parts of a region that a joint joins, as they are. */
  const joined = (v: Value): readonly Value[] => {
    const region = regions.get(source(v));
    return region !== undefined && v.shape[0]! % countIn(region) === 0 ? partsIn(region, v) : [whole(v)];
  };
  for (const v of order) {
    const region = regions.get(v);
    if (region !== undefined) partsIn(region, v);
    else if (isJoint(v)) wholes.set(v, concat(v.inputs.flatMap(joined), 0));
    else {
      const inputs = v.inputs.map(whole);
      wholes.set(v, inputs.every((x, i) => x === v.inputs[i]) ? v : new Value(v.op, inputs, v.attributes));
    }
  }
  return { inputs: graph.inputs, outputs: graph.outputs.map(whole) };
};
