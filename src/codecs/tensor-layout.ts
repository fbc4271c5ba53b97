// Checks of a file's tensors against the layout they should have.
import type { Layout, SafeTensor } from "./safetensors.ts";

/** The tensors of one file. */
export type FileTensors = Readonly<Record<string, SafeTensor>>;

/** Says how tensors differ from the layout they should have, as "it ..." or "its ..."; undefined when they have it. */
export const layoutMisfit = (tensors: FileTensors, layout: Layout): string | undefined => {
  const [found, expected] = [Object.keys(tensors).sort(), Object.keys(layout).sort()];
  if (found.join("\n") !== expected.join("\n")) {
    return `it holds the tensors [${found.join(", ")}], expected [${expected.join(", ")}]`;
  }
  for (const [name, { dtype, shape }] of Object.entries(layout)) {
    const tensor = tensors[name]!;
    if (tensor.dtype === dtype && tensor.shape.join() === shape.join()) continue;
    return `its tensor "${name}" is ${tensor.dtype} [${tensor.shape.join(",")}], expected ${dtype} [${shape.join(",")}]`;
  }
  return undefined;
};

const allFinite = ({ dtype, data }: SafeTensor): boolean => {
  if (dtype === "F32") return data.every(Number.isFinite);
  // All exponent bits of a half set: infinity or NaN.
  return dtype !== "F16" || data.every((half) => (half & 0x7c00) !== 0x7c00);
};

/** The first tensor that holds NaN or infinite values. */
export const notFinite = (tensors: FileTensors): string | undefined =>
  Object.keys(tensors).find((name) => !allFinite(tensors[name]!));

type DataOf = { readonly [T in SafeTensor as T["dtype"]]: T["data"] };

const isTyped = <D extends SafeTensor["dtype"]>(
  tensor: SafeTensor | undefined,
  dtype: D,
): tensor is SafeTensor & { readonly dtype: D; readonly data: DataOf[D] } => tensor?.dtype === dtype;

/** The values of a tensor that `layoutMisfit` has found to be there. */
export const dataOf = <D extends SafeTensor["dtype"]>(tensors: FileTensors, name: string, dtype: D): DataOf[D] => {
  const tensor = tensors[name];
  if (!isTyped(tensor, dtype)) throw new Error(`tensor "${name}" is ${tensor?.dtype ?? "missing"}, expected ${dtype}`);
  return tensor.data;
};
