// Convolutions and linear layers by the names of their parameters.
import { add, type ConvolutionOptions, conv2d, matmul, type Value } from "../autodiff/index.ts";
import type { ParameterSpecs } from "./init.ts";

/** Named values of a network, as torch's state_dict names them: "layer1.0.conv1.weight". */
export type Named<T> = Readonly<Record<string, T>>;

export const convSpecs = (
  name: string,
  input: number,
  output: number,
  kernel: number,
  { bias = false, groups = 1 }: { bias?: boolean; groups?: number } = {},
): ParameterSpecs => {
  const fanIn = (input / groups) * kernel * kernel;
  const weight = { shape: [output, input / groups, kernel, kernel], start: { kind: "uniform", fanIn } } as const;
  const shift = { shape: [output], start: { kind: "uniform", fanIn } } as const;
  return bias ? { [`${name}.weight`]: weight, [`${name}.bias`]: shift } : { [`${name}.weight`]: weight };
};

export const linearSpecs = (name: string, input: number, output: number): ParameterSpecs => ({
  [`${name}.weight`]: { shape: [output, input], start: { kind: "uniform", fanIn: input } },
  [`${name}.bias`]: { shape: [output], start: { kind: "uniform", fanIn: input } },
});

export const normSpecs = (name: string, channels: number): ParameterSpecs => ({
  [`${name}.weight`]: { shape: [channels], start: { kind: "fill", value: 1 } },
  [`${name}.bias`]: { shape: [channels], start: { kind: "fill", value: 0 } },
});

/** Convolution with the parameters `name`.weight and, where there is one, `name`.bias. */
export const convolve = (p: Named<Value>, name: string, x: Value, options: ConvolutionOptions = {}): Value =>
  conv2d(x, p[`${name}.weight`]!, p[`${name}.bias`], options);

/** x [N, in] -> [N, out] with `name`.weight [out, in] and `name`.bias. */
export const linear = (p: Named<Value>, name: string, x: Value): Value =>
  add(matmul(x, p[`${name}.weight`]!, { transposeB: true }), p[`${name}.bias`]!);
