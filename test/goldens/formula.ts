import { sizeOf, type Tensor, tensor } from "../../src/autodiff/types.ts";
import type { Model, Weights } from "../../src/models/model.ts";

const fnv1a = (text: string): number => {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
  return h;
};

/** u in [-1, 1) for each index, 24 bits, by hashing name and index: the generator of networks.py. */
const unit = (name: string): ((i: number) => number) => {
  const seed = fnv1a(name);
  return (i) => {
    let x = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    return (x >>> 8) / 2 ** 23 - 1;
  };
};

/** shift + scale u, rounded to float32. */
export const uniform = (name: string, shape: readonly number[], scale = 1, shift = 0): Tensor => {
  const u = unit(name);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = shift + scale * u(i);
  return tensor(data, shape);
};

/**
 * The weights of networks.py's `build`: BatchNorm biases within .5 of `normBias`; 4.5 makes a smooth network. Filters' outputs
 * have about the standard deviation of their inputs, times `gain`.
 */
export const formulaWeights = (model: Model, normBias: number, gain = 1): Weights => {
  const one = (name: string, shape: readonly number[]): Tensor => {
    const [owner, kind] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf(".") + 1)];
    if (owner in model.norms) {
      return kind === "weight" ? uniform(name, shape, 0.2, 0.8) : uniform(name, shape, 0.5, normBias);
    }
    if (kind === "weight") return uniform(name, shape, gain * (3 / (sizeOf(shape) / shape[0]!)) ** 0.5);
    return uniform(name, shape, 0.1);
  };
  return {
    parameters: Object.fromEntries(Object.entries(model.parameters).map(([n, { shape }]) => [n, one(n, shape)])),
    statistics: Object.fromEntries(
      Object.entries(model.norms).flatMap(([n, channels]) => [
        [`${n}.running_mean`, uniform(`${n}.running_mean`, [channels], 0.2)],
        [`${n}.running_var`, uniform(`${n}.running_var`, [channels], 0.5, 1)],
      ]),
    ),
  };
};

/** Euclidean norm, inner product with a fixed random vector, some entries: `summary` of networks.py. */
export type Summary = readonly [norm: number, projection: number, samples: readonly number[]];

/**
 * How far a tensor is from the one summarised, relative to its Euclidean norm: the largest of the errors of the norm, of
 * the projection (its random vector has entries of mean square 1/3) and of the samples (root mean square). NaN is infinite.
 */
export const summaryError = (name: string, x: ArrayLike<number>, [norm, projection, samples]: Summary): number => {
  const r = unit(`${name}/projection`);
  let [squares, inner] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    squares += x[i]! ** 2;
    inner += x[i]! * r(i);
  }
  const place = unit(`${name}/samples`);
  const all = samples.length === x.length;
  const at = (k: number): number =>
    all ? k : Math.min(x.length - 1, Math.floor(Math.fround(0.5 + 0.5 * place(k)) * x.length));
  const apart = samples.reduce((sum, s, k) => sum + (x[at(k)]! - s) ** 2, 0) / samples.length;
  const error = Math.max(
    Math.abs(Math.sqrt(squares) - norm) / norm,
    (Math.abs(inner - projection) / norm) * Math.sqrt(3),
    Math.sqrt(apart * x.length) / norm,
  );
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
};

/** The largest of some errors with the name it belongs to. */
export const worst = (errors: Readonly<Record<string, number>>): { readonly name: string; readonly error: number } =>
  Object.entries(errors).reduce((most, [name, error]) => (error > most.error ? { name, error } : most), {
    name: "",
    error: 0,
  });
