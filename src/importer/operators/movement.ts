// Operators that move elements, of traced values and of the numbers that shapes are computed from.

import type { Value } from "../../autodiff/index.ts";
import * as ad from "../../autodiff/index.ts";
import { asValue, isKnown, type Known, type Operand, spread, transposed } from "../known.ts";
import {
  type Call,
  fromFront,
  given,
  ints,
  lacking,
  numbers,
  numbersAt,
  type Operator,
  scalar,
  valueAt,
  word,
} from "../operator.ts";

const shaped = (x: Operand, shape: readonly number[]): Operand => (isKnown(x) ? { ...x, shape } : ad.reshape(x, shape));

/** A part along one axis; numbers also backwards, along the first axis, on which each row of theirs lies together. */
const part = (call: Call, x: Operand, axis: number, start: number, end: number, step = 1): Operand => {
  if (!isKnown(x) || axis !== 0)
    return step > 0 ? ad.slice(asValue(x), axis, start, end, step) : lacking(call, "backwards");
  return rowsOf(
    x,
    Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step),
  );
};

/** Some rows of numbers. */
const rowsOf = ({ whole, shape, data }: Known, rows: readonly number[]): Known => {
  const size = ad.sizeOf(shape.slice(1));
  const all = Array.from(data);
  return {
    whole,
    shape: [rows.length, ...shape.slice(1)],
    data: rows.flatMap((row) => all.slice(row * size, (row + 1) * size)),
  };
};

/** Resolves 0 (as it was), -1 (the rest) and the number of images, which a file may have written into its shapes. */
const targetOf = (call: Call, x: Operand): number[] => {
  const asked = numbersAt(call, "shape", 1) ?? [];
  const kept = scalar(call, "allowzero", 0) === 0;
  const { file, asked: batch } = call.batch;
  const shape = asked.map((d, i) => (d === 0 && kept ? x.shape[i]! : d));
  if (file !== undefined && file !== batch && shape[0] === file && x.shape[0] === batch) shape[0] = batch;
  const known = ad.sizeOf(shape.filter((d) => d !== -1));
  return shape.map((d) => (d === -1 ? ad.sizeOf(x.shape) / known : d));
};

const joined = (call: Call): Operand => {
  const xs = call.inputs.map((_, i) => given(call, i));
  const [axis] = fromFront([scalar(call, "axis", 0)], xs[0]!.shape.length);
  if (!xs.every(isKnown) || axis !== 0) return ad.concat(xs.map(asValue), axis!);
  const total = xs.reduce((n, x) => n + x.shape[0]!, 0);
  return {
    whole: xs.every(({ whole }) => whole),
    shape: [total, ...xs[0]!.shape.slice(1)],
    data: xs.flatMap(({ data }) => Array.from(data)),
  };
};

const picked = (call: Call): Operand => {
  const x = given(call, 0);
  const which = given(call, 1);
  const [axis] = fromFront([scalar(call, "axis", 0)], x.shape.length) as [number];
  if (!isKnown(which)) return lacking(call, "by computed indices");
  const rows = fromFront(Array.from(which.data), x.shape[axis]!);
  const shape = [...x.shape.slice(0, axis), ...which.shape, ...x.shape.slice(axis + 1)];
  if (isKnown(x) && axis === 0) return { ...rowsOf(x, rows), shape };
  const value = asValue(x);
  const parts =
    rows.length === 1
      ? ad.slice(value, axis, rows[0]!, rows[0]! + 1)
      : ad.gather(value, ad.constant(ad.longs(rows)), axis);
  return ad.reshape(parts, shape);
};

const sliced = (call: Call): Operand => {
  const x = given(call, 0);
  const starts = numbersAt(call, "starts", 1) ?? [];
  const ends = numbersAt(call, "ends", 2) ?? [];
  const axes = fromFront(numbersAt(call, "axes", 3) ?? starts.map((_, i) => i), x.shape.length);
  const steps = numbers(call, 4) ?? starts.map(() => 1);
  return axes.reduce<Operand>((out, axis, i) => {
    const size = out.shape[axis]!;
    const [least, most] = steps[i]! > 0 ? [0, size] : [-1, size - 1];
    const inside = (at: number): number => Math.min(most, Math.max(least, at < 0 ? at + size : at));
    return part(call, out, axis, inside(starts[i]!), inside(ends[i]!), steps[i]);
  }, x);
};

const splitUp = (call: Call): Operand[] => {
  const x = given(call, 0);
  const [axis] = fromFront([scalar(call, "axis", 0)], x.shape.length) as [number];
  const count = call.node.outputs.length;
  const even = Math.ceil(x.shape[axis]! / count);
  const sizes =
    numbersAt(call, "split", 1) ?? Array.from({ length: count }, (_, i) => Math.min(even, x.shape[axis]! - i * even));
  const startOf = (i: number): number => sizes.slice(0, i).reduce((sum, size) => sum + size, 0);
  return sizes.map((_, i) => part(call, x, axis, startOf(i), startOf(i + 1)));
};

/** Axes taken out or put in; up to opset 12 they are an attribute. */
const squeezed = (call: Call): Operand => {
  const x = given(call, 0);
  const axes = numbersAt(call, "axes", 1);
  const out = axes && fromFront(axes, x.shape.length);
  return shaped(
    x,
    x.shape.filter((d, i) => (out ? !out.includes(i) : d !== 1)),
  );
};

const unsqueezed = (call: Call): Operand => {
  const x = given(call, 0);
  const axes = numbersAt(call, "axes", 1) ?? [];
  const added = fromFront(axes, x.shape.length + axes.length).sort((a, b) => a - b);
  return shaped(
    x,
    added.reduce<number[]>((shape, axis) => shape.toSpliced(axis, 0, 1), [...x.shape]),
  );
};

const paddedAround = (call: Call): Operand => {
  const x = valueAt(call, 0);
  const rank = x.shape.length;
  const amounts = numbersAt(call, "pads", 1) ?? [];
  const axes = fromFront(numbers(call, 3) ?? x.shape.map((_, i) => i), rank);
  const along = (from: number): number[] =>
    x.shape.map((_, i) => (axes.includes(i) ? amounts[from + axes.indexOf(i)]! : 0));
  const value =
    typeof call.node.attributes.value === "number" ? call.node.attributes.value : (numbers(call, 2)?.[0] ?? 0);
  const mode = word(call, "mode", "constant");
  if (mode !== "constant") return lacking(call, `with mode ${mode}`);
  if (!Number.isFinite(Math.fround(value))) return lacking(call, `with ${value}`);
  const padded = (v: Value): Value => ad.pad(v, along(0), along(axes.length));
  // Added where nothing is: beside a large value the digits of x would be lost.
  return value === 0 ? padded(x) : ad.add(padded(x), ad.mul(ad.sub(1, padded(ad.splat(1, x.shape))), value));
};

/** Blocks of channels as places (DCR: the block's axes come first), or places as channels. */
const depthToSpace = (call: Call): Operand => {
  const x = valueAt(call, 0);
  const b = scalar(call, "blocksize", 1);
  const [n, c, h, w] = ad.sizes(x.shape, 4);
  const deep = c / (b * b);
  const first = word(call, "mode", "DCR") === "DCR";
  const apart = ad.reshape(x, first ? [n, b, b, deep, h, w] : [n, deep, b, b, h, w]);
  return ad.reshape(ad.transpose(apart, first ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]), [n, deep, h * b, w * b]);
};

const spaceToDepth = (call: Call): Operand => {
  const x = valueAt(call, 0);
  const b = scalar(call, "blocksize", 1);
  const [n, c, h, w] = ad.sizes(x.shape, 4);
  const apart = ad.reshape(x, [n, c, h / b, b, w / b, b]);
  return ad.reshape(ad.transpose(apart, [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b]);
};

export const movement: readonly Operator[] = [
  { name: "Identity", read: (call) => given(call, 0) },
  { name: "Dropout", read: (call) => given(call, 0) },
  { name: "Reshape", read: (call) => shaped(given(call, 0), targetOf(call, given(call, 0))) },
  {
    name: "Flatten",
    read: (call) => {
      const x = given(call, 0);
      const axis = scalar(call, "axis", 1);
      const at = axis < 0 ? axis + x.shape.length : axis;
      return shaped(x, [ad.sizeOf(x.shape.slice(0, at)), ad.sizeOf(x.shape.slice(at))]);
    },
  },
  {
    name: "Transpose",
    read: (call) => {
      const x = given(call, 0);
      const order = ints(call, "perm") ?? x.shape.map((_, i) => x.shape.length - 1 - i);
      return isKnown(x) ? transposed(x, order) : ad.transpose(x, order);
    },
  },
  { name: "Concat", read: joined },
  { name: "Gather", read: picked },
  { name: "Slice", read: sliced },
  { name: "Split", read: splitUp },
  { name: "Squeeze", read: squeezed },
  { name: "Unsqueeze", read: unsqueezed },
  { name: "Pad", read: paddedAround },
  {
    name: "Expand",
    read: (call) => {
      const x = given(call, 0);
      const asked = numbers(call, 1) ?? [];
      const rank = Math.max(x.shape.length, asked.length);
      const from = (list: readonly number[], i: number): number => list[i - rank + list.length] ?? 1;
      const shape = Array.from({ length: rank }, (_, i) => (from(asked, i) === 1 ? from(x.shape, i) : from(asked, i)));
      return isKnown(x) ? spread(x, shape) : ad.broadcastTo(x, shape);
    },
  },
  {
    name: "Tile",
    read: (call) =>
      (numbers(call, 1) ?? []).reduce<Value>(
        (x, times, axis) =>
          ad.concat(
            Array.from({ length: times }, () => x),
            axis,
          ),
        valueAt(call, 0),
      ),
  },
  { name: "DepthToSpace", read: depthToSpace },
  { name: "SpaceToDepth", read: spaceToDepth },
];
