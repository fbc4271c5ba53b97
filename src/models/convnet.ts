// ConvNet, the small network of the distillation literature.
import { avgPool2d, relu, reshape } from "../autodiff/index.ts";
import { instanceNorm } from "../nn/instance-norm.ts";
import { convolve, convSpecs, linear, linearSpecs, normSpecs } from "../nn/layers.ts";
import type { NetworkTask } from "../tasks/task.ts";
import type { Model } from "./model.ts";

export interface ConvNetShape {
  readonly width: number;
  readonly depth: number;
  /** Instance norm instead of batch norm. */
  readonly instance?: boolean;
}

/**
 * The small network of the distillation literature: `depth` times [3x3 convolution `width` wide, batch norm, ReLU, 2x2
 * average pool], then a linear layer (Gidaris & Komodakis 2018, as used by Zhao et al. 2021).
 *
 * With `instance` it has instance norm, as most of that literature's students have. It then keeps no statistics of its
 * training images, and `norms` is empty: a student like any other, but as a teacher it leaves INFER's statistics term 0.
 */
export const convNet = ({ width, depth, instance = false }: ConvNetShape, task: NetworkTask): Model => {
  const { height, width: columns } = task.image;
  const features = width * Math.floor(height / 2 ** depth) * Math.floor(columns / 2 ** depth);
  const blocks = Array.from({ length: depth }, (_, i) => `blocks.${i}`);
  return {
    name: `convnet${width}x${depth}${instance ? "in" : ""}`,
    task,
    parameters: {
      ...Object.assign(
        {},
        ...blocks.map((b, i) => ({
          ...convSpecs(`${b}.conv`, i === 0 ? 3 : width, width, 3, { bias: true }),
          ...normSpecs(`${b}.norm`, width),
        })),
      ),
      ...linearSpecs("fc", features, task.outputs),
    },
    norms: instance ? {} : Object.fromEntries(blocks.map((b) => [`${b}.norm`, width])),
    forward: (p, images, normalise) => {
      const out = blocks.reduce((x, b) => {
        const z = convolve(p, `${b}.conv`, x, { padding: 1 });
        const normal = instance ? instanceNorm(p, `${b}.norm`, z) : normalise(z, `${b}.norm`);
        return avgPool2d(relu(normal), { kernel: 2 });
      }, images);
      return linear(p, "fc", reshape(out, [images.shape[0]!, features]));
    },
  };
};
