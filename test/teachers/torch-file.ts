import { readFile, writeFile } from "node:fs/promises";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../../src/codecs/safetensors.ts";

type Tensors = Record<string, SafeTensor>;

const counted: SafeTensor = { dtype: "I64", shape: [], data: BigInt64Array.of(7n) };

/** The weights of a teacher's file as torch would have written them: no word of what they are, batches counted. */
export const writeTorchFile = async (
  teacher: string,
  file: string,
  change: (tensors: Tensors) => void = () => undefined,
): Promise<void> => {
  const { tensors } = decodeSafetensors(await readFile(teacher), teacher);
  const counters = Object.keys(tensors)
    .filter((name) => name.endsWith(".running_mean"))
    .map((name) => [name.replace("running_mean", "num_batches_tracked"), counted] as const);
  const written: Tensors = { ...tensors, ...Object.fromEntries(counters) };
  change(written);
  await writeFile(file, encodeSafetensors(written));
};

/** Makes every weight 0, so that every image is taken for one of class 0; variances stay as they are. */
export const forgetAll = (tensors: Tensors): void => {
  for (const [name, t] of Object.entries(tensors)) {
    if (t.dtype === "F32" && !name.endsWith("running_var")) tensors[name] = { ...t, data: t.data.map(() => 0) };
  }
};
