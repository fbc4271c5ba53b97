// Pieces of networks and the ways to join them.
import { add, type Value } from "../autodiff/index.ts";
import type { Normalise } from "./batch-norm.ts";
import type { ParameterSpecs } from "./init.ts";
import { convolve, convSpecs, linear, linearSpecs, type Named, normSpecs } from "./layers.ts";

/** A piece of a network: parameters and normalisation layers, in the order of the data, and a pure function of both. */
export interface Part {
  readonly parameters: ParameterSpecs;
  /** Normalisation layers with their channels. */
  readonly norms: Named<number>;
  forward(p: Named<Value>, x: Value, normalise: Normalise): Value;
}

const declared = (parts: readonly Part[]): Pick<Part, "parameters" | "norms"> => ({
  parameters: Object.assign({}, ...parts.map((part) => part.parameters)),
  norms: Object.assign({}, ...parts.map((part) => part.norms)),
});

/** One part after the other. */
export const chain = (...parts: readonly Part[]): Part => ({
  ...declared(parts),
  forward: (p, x, normalise) => parts.reduce((out, part) => part.forward(p, out, normalise), x),
});

/** Parts that all get the input, and what is made of their results. */
export const branches = (parts: readonly Part[], join: (results: readonly Value[]) => Value): Part => ({
  ...declared(parts),
  forward: (p, x, normalise) => join(parts.map((part) => part.forward(p, x, normalise))),
});

/** A function without parameters. */
export const plain = (forward: (x: Value) => Value): Part => ({
  parameters: {},
  norms: {},
  forward: (_p, x) => forward(x),
});

/** Adds x itself, or the result of `skip`, to a part's result. */
export const residual = (main: Part, skip: Part = plain((x) => x)): Part =>
  branches([main, skip], ([a, b]) => add(a!, b!));

export interface ConvNormOptions {
  /** Odd: zeros at the edges keep the size, but for the stride. */
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly activation?: (x: Value) => Value;
}

/** Convolution without bias, batch norm and perhaps an activation; `names` are the convolution's and the norm's. */
export const convNorm = (
  names: readonly [conv: string, norm: string],
  input: number,
  output: number,
  { kernel = 1, stride = 1, groups = 1, activation = (x) => x }: ConvNormOptions = {},
): Part => {
  const [conv, norm] = names;
  return {
    parameters: { ...convSpecs(conv, input, output, kernel, { groups }), ...normSpecs(norm, output) },
    norms: { [norm]: output },
    forward: (p, x, normalise) =>
      activation(normalise(convolve(p, conv, x, { stride, padding: (kernel - 1) / 2, groups }), norm)),
  };
};

/** The linear layer `name`: [N, input] -> [N, output]. */
export const dense = (name: string, input: number, output: number): Part => ({
  parameters: linearSpecs(name, input, output),
  norms: {},
  forward: (p, x) => linear(p, name, x),
});
