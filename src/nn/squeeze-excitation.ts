// Squeeze-and-excitation: channels weighed by their means.
import { add, matmul, mean, mul, reshape, sigmoid, silu, type Value } from "../autodiff/index.ts";
import { convSpecs, type Named } from "./layers.ts";
import type { Part } from "./parts.ts";

/** [N, in] -> [N, out] by a 1 x 1 filter [out, in, 1, 1] and a bias, which is all that a filter is on one place. */
const onOnePlace = (p: Named<Value>, name: string, x: Value): Value => {
  const w = p[`${name}.weight`]!;
  return add(matmul(x, reshape(w, w.shape.slice(0, 2)), { transposeB: true }), p[`${name}.bias`]!);
};

/**
 * Squeeze-and-excitation (Hu et al. 2018): every channel of every image is multiplied by a number in (0, 1) that two layers,
 * `name`.fc1 (to `squeezed` channels, SiLU) and `name`.fc2 (sigmoid), make of the channels' means.
 */
export const squeezeExcitation = (name: string, channels: number, squeezed: number): Part => ({
  parameters: {
    ...convSpecs(`${name}.fc1`, channels, squeezed, 1, { bias: true }),
    ...convSpecs(`${name}.fc2`, squeezed, channels, 1, { bias: true }),
  },
  norms: {},
  forward: (p, x) => {
    const inner = silu(onOnePlace(p, `${name}.fc1`, mean(x, [2, 3])));
    const gate = sigmoid(onOnePlace(p, `${name}.fc2`, inner));
    return mul(x, reshape(gate, [x.shape[0]!, channels, 1, 1]));
  },
});
