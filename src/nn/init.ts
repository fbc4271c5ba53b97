// Shapes and random starts of parameters.
import { sizeOf, sizes, type Tensor, tensor } from "../autodiff/index.ts";
import type { Random } from "../support/random.ts";

/**
 * The start of a parameter. `uniform` draws from +-1/sqrt(fanIn), PyTorch's default for convolutions and linear layers.
 * `identity`, for a filter [K, C, kh, kw], is uniform but for the first min(K, C) outputs, which pass their input on.
 */
export type Start =
  | { readonly kind: "identity"; readonly fanIn: number }
  | { readonly kind: "uniform"; readonly fanIn: number }
  | { readonly kind: "fill"; readonly value: number };

/** Shape and start of one parameter. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly start: Start;
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** Makes the first filters of [K, C, kh, kw] those that pass their own input on. */
const passOn = (data: Float32Array, shape: readonly number[]): void => {
  const [outputs, inputs, rows, columns] = sizes(shape, 4);
  const taps = rows * columns;
  const centre = Math.floor(rows / 2) * columns + Math.floor(columns / 2);
  const passed = Math.min(outputs, inputs);
  data.fill(0, 0, passed * inputs * taps);
  for (let k = 0; k < passed; k++) data[(k * inputs + k) * taps + centre] = 1;
};

const draw = ({ shape, start }: ParameterSpec, random: Random): Tensor => {
  if (start.kind === "fill") return tensor(new Float32Array(sizeOf(shape)).fill(start.value), shape);
  const bound = 1 / Math.sqrt(start.fanIn);
  const data = new Float32Array(sizeOf(shape));
  // A plain loop: networks have tens of millions of parameters.
  for (let i = 0; i < data.length; i++) data[i] = (2 * random.float() - 1) * bound;
  if (start.kind === "identity") passOn(data, shape);
  return tensor(data, shape);
};

/** Fresh parameters, drawn in the order of the names' declaration. */
export const initialise = (specs: ParameterSpecs, random: Random): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, draw(spec, random)]));
