// Instance normalisation.
import { add, div, mean, mul, reshape, sqrt, sub, type Value } from "../autodiff/index.ts";
import type { Named } from "./layers.ts";

const epsilon = 1e-5;

/**
 * Instance norm (Ulyanov et al. 2016) of z [N, C, H, W] with the scales `layer`.weight and shifts `layer`.bias: every channel
 * of every image by its own mean and biased variance over H and W, in training as in use. So there are no running statistics,
 * and no image changes another's result.
 */
export const instanceNorm = (p: Named<Value>, layer: string, z: Value): Value => {
  const rows = (name: string): Value => reshape(p[name]!, [1, z.shape[1]!, 1, 1]);
  const centred = sub(z, mean(z, [2, 3], true));
  const variance = mean(mul(centred, centred), [2, 3], true);
  const scale = div(rows(`${layer}.weight`), sqrt(add(variance, epsilon)));
  return add(mul(centred, scale), rows(`${layer}.bias`));
};
