// Types of tensors, and tensors outside any graph.

export type DType = "float32" | "int64";

/** Element type and static shape of a tensor. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A tensor's values outside any graph, row-major. */
export interface Tensor extends TensorType {
  readonly data: Float32Array | BigInt64Array;
}

export const isTensor = (type: TensorType): type is Tensor => "data" in type;

export const float32 = (...shape: readonly number[]): TensorType => ({ dtype: "float32", shape });
export const int64 = (...shape: readonly number[]): TensorType => ({ dtype: "int64", shape });

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/** `f32[64,3,32,32]`. */
export const formatType = (type: TensorType): string =>
  `${type.dtype === "float32" ? "f32" : "i64"}[${type.shape.join(",")}]`;

export const tensor = (data: Float32Array | BigInt64Array, shape: readonly number[]): Tensor => ({
  dtype: data instanceof Float32Array ? "float32" : "int64",
  shape,
  data,
});

/** A list of whole numbers, int64 [n]. */
export const longs = (values: ArrayLike<number>): Tensor => tensor(BigInt64Array.from(values, BigInt), [values.length]);

/** The values of a float32 tensor. @throws TypeError for another. */
export const floats = ({ data }: Pick<Tensor, "data">): Float32Array => {
  if (data instanceof Float32Array) return data;
  throw new TypeError("expected a tensor of float32, got one of int64");
};

/** The values of an int64 tensor. @throws TypeError for another. */
export const integers = ({ data }: Pick<Tensor, "data">): BigInt64Array => {
  if (data instanceof BigInt64Array) return data;
  throw new TypeError("expected a tensor of int64, got one of float32");
};
