// Tensors of several steps as one, and back.
import { type Tensor, tensor } from "../autodiff/types.ts";

const bytesOf = ({ buffer, byteOffset, byteLength }: Tensor["data"]): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Tensors of one type as one with a first dimension more. */
export const stack = (tensors: readonly Tensor[]): Tensor => {
  const { data, shape } = tensors[0]!;
  const size = tensors.length * data.length;
  const all = data instanceof Float32Array ? new Float32Array(size) : new BigInt64Array(size);
  const bytes = bytesOf(all);
  for (const [i, t] of tensors.entries()) bytes.set(bytesOf(t.data), i * data.byteLength);
  return tensor(all, [tensors.length, ...shape]);
};

/** The tensors along the first dimension. */
export const unstack = ({ data, shape: [count = 0, ...shape] }: Tensor): Tensor[] => {
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => tensor(data.slice(i * size, (i + 1) * size), shape));
};
