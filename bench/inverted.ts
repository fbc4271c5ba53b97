import { add, globalAvgPool, relu, relu6, type Value } from "../src/autodiff/index.ts";
import type { Model } from "../src/models/model.ts";
import { convolve, convSpecs, linear, linearSpecs, normSpecs } from "../src/nn/layers.ts";
import type { NetworkTask } from "../src/tasks/task.ts";

const [width, inner, depth] = [32, 192, 4];

/**
 * Four inverted residuals 32 -> 192 -> 32 at half the image's size, as in MobileNetV2 (Sandler et al. 2018): the network
 * `inverted` of peers/torch_peer.py.
 */
export const invertedNetwork = (task: NetworkTask): Model => {
  const blocks = Array.from({ length: depth }, (_, i) => `blocks.${i}`);
  return {
    name: "inverted",
    task,
    parameters: {
      ...convSpecs("stem.conv", 3, width, 3),
      ...normSpecs("stem.norm", width),
      ...Object.assign(
        {},
        ...blocks.map((b) => ({
          ...convSpecs(`${b}.expand.conv`, width, inner, 1),
          ...normSpecs(`${b}.expand.norm`, inner),
          ...convSpecs(`${b}.depthwise.conv`, inner, inner, 3, { groups: inner }),
          ...normSpecs(`${b}.depthwise.norm`, inner),
          ...convSpecs(`${b}.project.conv`, inner, width, 1),
          ...normSpecs(`${b}.project.norm`, width),
        })),
      ),
      ...linearSpecs("fc", width, task.outputs),
    },
    norms: {
      "stem.norm": width,
      ...Object.fromEntries(
        blocks.flatMap((b) => [
          [`${b}.expand.norm`, inner],
          [`${b}.depthwise.norm`, inner],
          [`${b}.project.norm`, width],
        ]),
      ),
    },
    forward: (p, images, normalise) => {
      const residual = (x: Value, b: string): Value => {
        const wide = relu6(normalise(convolve(p, `${b}.expand.conv`, x), `${b}.expand.norm`));
        const filtered = convolve(p, `${b}.depthwise.conv`, wide, { padding: 1, groups: inner });
        const active = relu6(normalise(filtered, `${b}.depthwise.norm`));
        return add(x, normalise(convolve(p, `${b}.project.conv`, active), `${b}.project.norm`));
      };
      const stem = relu(normalise(convolve(p, "stem.conv", images, { stride: 2, padding: 1 }), "stem.norm"));
      return linear(p, "fc", globalAvgPool(blocks.reduce(residual, stem)));
    },
  };
};
