import { sizeOf, type Tensor, tensor } from "../autodiff/index.ts";
import type { Random } from "../support/random.ts";

/** How a parameter starts. `uniform` draws from +-1/sqrt(fanIn), PyTorch's default for convolutions and linear layers. */
export type Start =
  | { readonly kind: "uniform"; readonly fanIn: number }
  | { readonly kind: "fill"; readonly value: number };

/** Shape and start of one parameter. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly start: Start;
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

const draw = ({ shape, start }: ParameterSpec, random: Random): Tensor => {
  if (start.kind === "fill") return tensor(new Float32Array(sizeOf(shape)).fill(start.value), shape);
  const bound = 1 / Math.sqrt(start.fanIn);
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => (2 * random.float() - 1) * bound),
    shape,
  );
};

/** Fresh parameters, drawn in the order of the names' declaration. */
export const initialise = (specs: ParameterSpecs, random: Random): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, draw(spec, random)]));
