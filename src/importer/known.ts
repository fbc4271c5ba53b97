// Tensors whose numbers are known while a graph is read: weights, shapes, axes.
import { constant, floats, sameShape, sizeOf, splat, type Tensor, tensor, Value } from "../autodiff/index.ts";
import { decodeFloat16 } from "../codecs/float16.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";
import { DistilleryError } from "../support/errors.ts";
import { plural } from "../support/format.ts";

/** A tensor of known numbers, row-major. `whole` ones are of an integer or a truth type: their quotients are cut off. */
export interface Known {
  readonly whole: boolean;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A tensor of a graph that is read: a traced value, or numbers. */
export type Operand = Value | Known;

export const isKnown = (x: Operand): x is Known => !(x instanceof Value);

/** A list of whole numbers. */
export const list = (data: ArrayLike<number>): Known => ({ whole: true, shape: [data.length], data });

/** The numbers as float32. */
export const asTensor = ({ data, shape }: Known): Tensor => tensor(Float32Array.from(data), shape);

/** A traced value; of numbers it is a constant. */
export const asValue = (x: Operand): Value => {
  if (!isKnown(x)) return x;
  const first = x.data[0] ?? 0;
  const { data } = asTensor(x);
  return floats({ data }).every((v) => v === Math.fround(first))
    ? splat(Math.fround(first), x.shape)
    : constant(asTensor(x));
};

/** Numbers of another shape, of which each is found at a sum of its places times `strides`. */
const gathered = ({ whole, data }: Known, to: readonly number[], strides: readonly number[]): Known => {
  const out = Array.from({ length: sizeOf(to) }, (_, at) => {
    let [from, rest] = [0, at];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += (rest % to[axis]!) * strides[axis]!;
      rest = Math.floor(rest / to[axis]!);
    }
    return data[from]!;
  });
  return { whole, shape: to, data: out };
};

const stridesOf = (shape: readonly number[]): number[] => shape.map((_, i) => sizeOf(shape.slice(i + 1)));

/** Numbers of a shape that broadcasts to `to`, spread over it. */
export const spread = (x: Known, to: readonly number[]): Known => {
  if (sameShape(x.shape, to)) return x;
  const strides = stridesOf(x.shape).map((stride, i) => (x.shape[i] === 1 ? 0 : stride));
  return gathered(x, to, [...new Array<number>(to.length - x.shape.length).fill(0), ...strides]);
};

/** Numbers with their axes reordered. */
export const transposed = (x: Known, order: readonly number[]): Known => {
  const strides = stridesOf(x.shape);
  return gathered(
    x,
    order.map((axis) => x.shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
};

interface Element {
  readonly whole: boolean;
  /** Numbers of a tensor's raw bytes, which begin at a multiple of 8. @throws RangeError where they end inside a number. */
  raw(bytes: ArrayBuffer): ArrayLike<number>;
  /** Numbers in the field of the type. */
  listed(proto: TensorProto): ArrayLike<number>;
}

const wholeNumbers = (view: (bytes: ArrayBuffer) => ArrayLike<number>): Element => ({
  whole: true,
  raw: view,
  listed: ({ int32Data }) => int32Data,
});

/** By the number that TensorProto.DataType gives each type. */
const elements: Readonly<Record<number, Element>> = {
  1: { whole: false, raw: (bytes) => new Float32Array(bytes), listed: ({ floatData }) => floatData },
  2: wholeNumbers((bytes) => new Uint8Array(bytes)),
  3: wholeNumbers((bytes) => new Int8Array(bytes)),
  6: wholeNumbers((bytes) => new Int32Array(bytes)),
  7: {
    whole: true,
    raw: (bytes) => Array.from(new BigInt64Array(bytes), Number),
    listed: ({ int64Data }) => int64Data.map(Number),
  },
  9: wholeNumbers((bytes) => new Uint8Array(bytes)),
  10: {
    whole: false,
    raw: (bytes) => decodeFloat16(new Uint16Array(bytes)),
    listed: ({ int32Data }) => decodeFloat16(Uint16Array.from(int32Data)),
  },
  11: { whole: false, raw: (bytes) => new Float64Array(bytes), listed: ({ doubleData }) => doubleData },
};

/** True for the numbers of floating-point types, all of which are computed with as float32. */
export const isFloatType = (dataType: number): boolean => elements[dataType]?.whole === false;

/**
 * Reads a tensor of an ONNX file. Undefined for one of a type that has no numbers here. @throws CHECKPOINT for one that is cut.
 */
export const knownOf = (proto: TensorProto, file: string): Known | undefined => {
  const element = elements[proto.dataType];
  if (element === undefined) return undefined;
  const shape = proto.dims.map(Number);
  const cut = (has: string): DistilleryError =>
    new DistilleryError(
      "CHECKPOINT",
      `${file}: its tensor ${proto.name} has ${has}, expected ${plural(sizeOf(shape), "number")} for [${shape}]; the file is damaged: export it again`,
    );
  const { rawData } = proto;
  let data: ArrayLike<number>;
  try {
    data = rawData.length > 0 ? element.raw(new Uint8Array(rawData).buffer) : element.listed(proto);
  } catch (cause) {
    if (cause instanceof RangeError) throw cut(`${rawData.length} bytes, which end inside a number`);
    throw cause;
  }
  if (data.length !== sizeOf(shape)) throw cut(plural(data.length, "number"));
  return { whole: element.whole, shape, data };
};
