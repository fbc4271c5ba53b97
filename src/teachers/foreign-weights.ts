// Matching a file's tensors to a network's parameters.
import { sameShape, type Tensor, type TensorType, tensor } from "../autodiff/index.ts";
import { type Model, type Weights, weightTypes } from "../models/model.ts";
import { decodeFloat16, type SafeTensor } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { nearest } from "../support/suggest.ts";

/** So many names of a kind are listed. */
const handful = 5;

/** True for torch's counters at its batch norms, which nothing here needs. */
const isCounter = (name: string): boolean => name.endsWith(".num_batches_tracked");

type SafeTensors = Readonly<Record<string, SafeTensor>>;

const formatSafe = ({ dtype, shape }: SafeTensor): string => `${dtype} [${shape}]`;

type FloatTensor = Extract<SafeTensor, { readonly dtype: "F32" | "F16" }>;

const isFloat = (t: SafeTensor): t is FloatTensor => t.dtype === "F32" || t.dtype === "F16";

/** True for names that differ by the prefix of a wrapper such as torch's DataParallel: "module.fc.bias". */
const isWrapped = (a: string, b: string): boolean => {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.endsWith(`.${short}`) && !long.slice(0, -short.length - 1).includes(".");
};

/** "2 tensors are missing: a, b", a handful of them; nothing where there are none. */
const listed = (names: readonly string[], what: string, describe: (name: string) => string): string[] => {
  if (names.length === 0) return [];
  const more = names.length > handful ? `, and ${names.length - handful} more` : "";
  return [`${names.length} ${what}: ${names.slice(0, handful).map(describe).join(", ")}${more}`];
};

/** Lists how a file's tensors differ from those of a network, kind by kind; empty where they do not. */
const differences = (wanted: Readonly<Record<string, TensorType>>, tensors: SafeTensors): string[] => {
  const missing = Object.keys(wanted).filter((name) => !Object.hasOwn(tensors, name));
  const leftOver = Object.keys(tensors).filter((name) => !Object.hasOwn(wanted, name) && !isCounter(name));
  const unlike = Object.entries(wanted).flatMap(([name, { shape }]) => {
    const given = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    return given === undefined || (isFloat(given) && sameShape(given.shape, shape)) ? [] : [name];
  });
  const beside = (others: readonly string[], where: string) => (name: string) => {
    const like = others.find((other) => isWrapped(name, other)) ?? nearest(name, others);
    return like === undefined ? name : `${name} (${where} has ${like})`;
  };
  return [
    ...listed(missing, "missing", beside(leftOver, "the file")),
    ...listed(leftOver, "left over", beside(missing, "the network")),
    ...listed(
      unlike,
      "of another shape or type",
      (name) => `${name} is ${formatSafe(tensors[name]!)}, expected F32 or F16 [${wanted[name]!.shape}]`,
    ),
  ];
};

const read = ({ dtype, data, shape }: FloatTensor): Tensor =>
  tensor(dtype === "F16" ? decodeFloat16(data) : data, shape);

/** Batch norm divides by sqrt(variance + 1e-5): far enough below 0, a variance makes it NaN. */
const isVariance = (name: string): boolean => name.endsWith(".running_var");

/** Counts the values of a tensor that a network cannot compute with. */
const unusable = (name: string, { data }: Tensor): number => {
  const least = isVariance(name) ? -1e-6 : Number.NEGATIVE_INFINITY;
  return (data as Float32Array).reduce((n, value) => (Number.isFinite(value) && value >= least ? n : n + 1), 0);
};

/** Lists the tensors with such values: "2 with NaN, ... values: fc.bias (3 of 4)". */
const unusableOf = ({ parameters, statistics }: Weights): string[] => {
  const tensors: Readonly<Record<string, Tensor>> = { ...parameters, ...statistics };
  const counts = Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, unusable(name, t)]));
  return listed(
    Object.keys(tensors).filter((name) => counts[name]! > 0),
    "with NaN or infinite values, or variances below 0",
    (name) => `${name} (${counts[name]} of ${tensors[name]!.data.length})`,
  );
};

/** Ends the errors about weights that do not fit their network, and about such that are no numbers. */
export interface Remedies {
  readonly unlike: string;
  readonly notFinite: string;
}

/**
 * The weights of a network from the tensors of a file: parameters and running statistics side by side, F32 or F16, by torch's
 * names; `num_batches_tracked` is passed over. `file` is what errors call them.
 * @throws CHECKPOINT that lists names missing and left over, tensors of another shape or type, and such with NaN.
 */
export const matchWeights = (model: Model, tensors: SafeTensors, file: string, remedies: Remedies): Weights => {
  const { parameters, statistics } = weightTypes(model);
  const problems = differences({ ...parameters, ...statistics }, tensors);
  if (problems.length > 0) {
    const { classes, image } = model.task;
    throw new DistilleryError(
      "CHECKPOINT",
      `${file} does not hold the weights of ${model.name} for ${classes} classes at ${image.height}x${image.width}: ` +
        `${problems.join("; ")}; ${remedies.unlike}`,
    );
  }
  const pick = (types: Readonly<Record<string, TensorType>>): Record<string, Tensor> =>
    Object.fromEntries(Object.keys(types).map((name) => [name, read(tensors[name] as FloatTensor)]));
  const weights: Weights = { parameters: pick(parameters), statistics: pick(statistics) };
  const [said] = unusableOf(weights);
  if (said !== undefined) {
    throw new DistilleryError("CHECKPOINT", `${file}: of the tensors of ${model.name}, ${said}; ${remedies.notFinite}`);
  }
  return weights;
};

/** matchWeights for what another program wrote, with torchvision's names. */
export const foreignWeights = (model: Model, tensors: SafeTensors, file: string): Weights =>
  matchWeights(model, tensors, file, {
    unlike: "give weights of this architecture with torchvision's names, for so many classes and this image size",
    notFinite: "fetch or write the file again, as F32 (half floats reach 65504)",
  });
