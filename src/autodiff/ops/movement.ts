// Reshaping, transposing, slicing, padding, joining and parting tensors.
import { expectFloat, normalAxis, shapeError } from "../shapes.ts";
import { sameShape, sizeOf } from "../types.ts";
import { apply, defineOp, type Value } from "../value.ts";

export const reshapeOp = defineOp<{ shape: readonly number[] }>({
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw shapeError("reshape", `[${x.shape}] has ${sizeOf(x.shape)} elements but [${shape}] holds ${sizeOf(shape)}`);
    }
    return { dtype: x.dtype, shape };
  },
  vjp: (dy, { inputs: [x] }) => [reshape(dy, x.shape)],
  lower: (onnx, [x], { attributes, inputs: [type] }) => onnx.reshape(x, attributes.shape, type.shape),
  samples: [
    { shapes: [[2, 6]], attributes: { shape: [3, 4] } },
    { shapes: [[4]], attributes: { shape: [2, 1, 2] } },
  ],
});

/** The same elements in row-major order under another shape. */
export const reshape = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape });

export const transposeOp = defineOp<{ permutation: readonly number[] }>({
  name: "transpose",
  infer: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || sorted.some((p, i) => p !== i)) {
      throw shapeError("transpose", `[${permutation}] is no permutation of the axes of [${x.shape}]`);
    }
    return { dtype: x.dtype, shape: permutation.map((p) => x.shape[p]!) };
  },
  vjp: (dy, { attributes: { permutation } }) => [
    transpose(
      dy,
      permutation.map((_, i) => permutation.indexOf(i)),
    ),
  ],
  lower: (onnx, [x], { attributes }) => onnx.node("Transpose", [x], { perm: attributes.permutation }),
  samples: [{ shapes: [[2, 3, 4]], attributes: { permutation: [2, 0, 1] } }],
});

/** Axes reordered: axis i of the result is axis permutation[i] of x. */
export const transpose = (x: Value, permutation: readonly number[]): Value => apply(transposeOp, [x], { permutation });

type SliceAttributes = { axis: number; start: number; end: number; step: number };

export const sliceOp = defineOp<SliceAttributes>({
  name: "slice",
  infer: ([x], { axis, start, end, step }) => {
    const d = x.shape[axis];
    if (d === undefined || start < 0 || end > d || start >= end || step < 1) {
      throw shapeError("slice", `${start}:${end}:${step} on axis ${axis} is outside [${x.shape}]`);
    }
    return { dtype: x.dtype, shape: x.shape.map((n, i) => (i === axis ? Math.ceil((end - start) / step) : n)) };
  },
  vjp: (dy, { inputs: [x], attributes: { axis, start, step } }) => {
    const spread = dilate(dy, axis, step);
    return [padAxis(spread, axis, start, x.shape[axis]! - start - spread.shape[axis]!)];
  },
  lower: (onnx, [x], { attributes: { axis, start, end, step } }) =>
    onnx.node("Slice", [x, onnx.ints([start]), onnx.ints([end]), onnx.ints([axis]), onnx.ints([step])]),
  samples: [
    { shapes: [[5, 3]], attributes: { axis: 0, start: 1, end: 4, step: 1 } },
    { shapes: [[2, 7]], attributes: { axis: 1, start: 1, end: 7, step: 2 } },
    { shapes: [[2, 8]], attributes: { axis: 1, start: 0, end: 8, step: 3 } },
  ],
});

/** x[start:end:step] along one axis. */
export const slice = (x: Value, axis: number, start: number, end: number, step = 1): Value => {
  const a = normalAxis("slice", axis, x.shape.length);
  return start === 0 && end === x.shape[a] && step === 1 ? x : apply(sliceOp, [x], { axis: a, start, end, step });
};

export const padOp = defineOp<{ low: readonly number[]; high: readonly number[] }>({
  name: "pad",
  infer: ([x], { low, high }) => {
    expectFloat("pad", x);
    const shape = x.shape.map((d, i) => d + (low[i] ?? Number.NaN) + (high[i] ?? Number.NaN));
    if (low.length !== shape.length || shape.some((d) => !(d > 0))) {
      throw shapeError("pad", `low [${low}] and high [${high}] do not fit [${x.shape}]`);
    }
    return { dtype: x.dtype, shape };
  },
  vjp: (dy, { attributes: { low, high } }) => [
    pad(
      dy,
      low.map((n) => -n),
      high.map((n) => -n),
    ),
  ],
  // Neighbouring axes without pads move as one: ONNX Runtime copies row by row of the last axis.
  lower: (onnx, [x], { attributes: { low, high }, inputs: [type], output }) => {
    const groups: { size: number; low: number; high: number }[] = [];
    for (const [axis, size] of type.shape.entries()) {
      const last = groups.at(-1);
      const still = low[axis] === 0 && high[axis] === 0;
      if (last !== undefined && still) {
        for (const key of ["size", "low", "high"] as const) last[key] *= size;
      } else groups.push({ size, low: low[axis]!, high: high[axis]! });
    }
    const merged = onnx.reshape(
      x,
      groups.map((g) => g.size),
      type.shape,
    );
    const padded = onnx.node("Pad", [merged, onnx.ints([...groups.map((g) => g.low), ...groups.map((g) => g.high)])]);
    return onnx.reshape(
      padded,
      output.shape,
      groups.map((g) => g.size + g.low + g.high),
    );
  },
  samples: [
    { shapes: [[2, 3]], attributes: { low: [1, 0], high: [0, 2] } },
    { shapes: [[4, 3]], attributes: { low: [-1, 2], high: [0, -1] } },
  ],
});

/** Zeros added before and after each axis; negative amounts cut elements off. */
export const pad = (x: Value, low: readonly number[], high: readonly number[]): Value =>
  [...low, ...high].every((n) => n === 0) ? x : apply(padOp, [x], { low, high });

/** `pad` along one axis. */
export const padAxis = (x: Value, axis: number, low: number, high: number): Value =>
  pad(
    x,
    x.shape.map((_, i) => (i === axis ? low : 0)),
    x.shape.map((_, i) => (i === axis ? high : 0)),
  );

/** step - 1 zeros put between neighbours along one axis: length n becomes (n - 1) step + 1. */
export const dilate = (x: Value, axis: number, step: number): Value => {
  if (step === 1) return x;
  const { shape } = x;
  const n = shape[axis]!;
  const apart = padAxis(reshape(x, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]), axis + 1, 0, step - 1);
  const joined = reshape(
    apart,
    shape.map((d, i) => (i === axis ? n * step : d)),
  );
  return padAxis(joined, axis, 0, 1 - step);
};

export const concatOp = defineOp<{ axis: number }, readonly Value[]>({
  name: "concat",
  infer: (xs, { axis }) => {
    const first = xs[0]!;
    for (const x of xs) {
      if (x.dtype !== first.dtype || !sameShape(x.shape.toSpliced(axis, 1), first.shape.toSpliced(axis, 1))) {
        throw shapeError("concat", `[${x.shape}] does not join [${first.shape}] along axis ${axis}`);
      }
    }
    const total = xs.reduce((n, x) => n + x.shape[axis]!, 0);
    return { dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? total : d)) };
  },
  vjp: (dy, { inputs, attributes: { axis } }) => {
    let start = 0;
    return inputs.map((x) => {
      const end = start + x.shape[axis]!;
      const part = slice(dy, axis, start, end);
      start = end;
      return part;
    });
  },
  lower: (onnx, inputs, { attributes }) => onnx.node("Concat", inputs, { axis: attributes.axis }),
  samples: [
    {
      shapes: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      attributes: { axis: 1 },
    },
  ],
});

export const concat = (values: readonly Value[], axis: number): Value => {
  const first = values[0];
  if (first === undefined) throw shapeError("concat", "needs at least one value");
  return values.length === 1
    ? first
    : apply(concatOp, values, { axis: normalAxis("concat", axis, first.shape.length) });
};

type PartAttributes = { axis: number; index: number; parts: number };

export const partOp = defineOp<PartAttributes>({
  name: "part",
  infer: ([x], { axis, index, parts }) => {
    const d = x.shape[axis] ?? Number.NaN;
    if (!(d % parts === 0) || index < 0 || index >= parts) {
      throw shapeError("part", `there is no part ${index} of ${parts} on axis ${axis} of [${x.shape}]`);
    }
    return { dtype: x.dtype, shape: x.shape.map((n, i) => (i === axis ? n / parts : n)) };
  },
  vjp: (dy, { attributes: { axis, index, parts } }) => {
    const size = dy.shape[axis]!;
    return [padAxis(dy, axis, index * size, (parts - 1 - index) * size)];
  },
  lower: (onnx, [x], { attributes: { axis, index, parts } }) => onnx.part(x, axis, index, parts),
  samples: [
    { shapes: [[6, 2]], attributes: { axis: 0, index: 1, parts: 3 } },
    { shapes: [[2, 4, 3]], attributes: { axis: 1, index: 1, parts: 2 } },
  ],
});

/** One of so many equal parts along an axis, counted from 0. All parts of a tensor come of one ONNX node. */
export const part = (x: Value, axis: number, index: number, parts: number): Value =>
  parts === 1 ? x : apply(partOp, [x], { axis: normalAxis("part", axis, x.shape.length), index, parts });

export const movementOps = [reshapeOp, transposeOp, sliceOp, padOp, concatOp, partOp];
