import { stream } from "../support/random.ts";

const normOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

/**
 * Normal noise with the Euclidean norm of a compensator u_kj, in its place [3, H, W]: INFER's ablation that asks whether it
 * matters what is added, or only how much.
 */
export const noiseLike = (compensator: Float32Array, seed: number, k: number, j: number): Float32Array => {
  const { normal } = stream(seed, "infer-noise", k, j);
  const noise = compensator.map(() => normal());
  const scale = normOf(compensator) / normOf(noise);
  return noise.map((value) => value * scale);
};
