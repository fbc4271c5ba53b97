import { add, globalAvgPool, maxPool2d, relu, type Value } from "../autodiff/index.ts";
import type { Normalise } from "../nn/batch-norm.ts";
import { convolve, convSpecs, linear, linearSpecs, type Named, normSpecs } from "../nn/layers.ts";
import type { Model, Task } from "./model.ts";

interface Block {
  readonly name: string;
  readonly input: number;
  readonly output: number;
  readonly stride: number;
}

/** Stages of two basic blocks, each stage twice as wide as the one before and, but for the first, half as large. */
const blocksOf = (width: number): Block[] =>
  [1, 2, 4, 8].flatMap((factor, stage) =>
    [0, 1].map((i) => ({
      name: `layer${stage + 1}.${i}`,
      input: i === 0 ? width * Math.max(1, factor / 2) : width * factor,
      output: width * factor,
      stride: i === 0 && stage > 0 ? 2 : 1,
    })),
  );

const hasProjection = ({ input, output, stride }: Block): boolean => stride !== 1 || input !== output;

const forwardBlock = (p: Named<Value>, block: Block, x: Value, normalise: Normalise): Value => {
  const { name, stride } = block;
  const inner = relu(normalise(convolve(p, `${name}.conv1`, x, { stride, padding: 1 }), `${name}.bn1`));
  const outer = normalise(convolve(p, `${name}.conv2`, inner, { padding: 1 }), `${name}.bn2`);
  const skip = hasProjection(block)
    ? normalise(convolve(p, `${name}.downsample.0`, x, { stride }), `${name}.downsample.1`)
    : x;
  return relu(add(outer, skip));
};

/**
 * ResNet-18 (He et al. 2016) with torchvision's parameter names. Images below 64 pixels get a 3x3 stem without max-pool,
 * larger ones the 7x7 stem of stride 2. `width` is the channels of the first stage, 64 in the paper.
 */
export const resNet18 = (task: Task, width = 64): Model => {
  const small = Math.min(task.image.height, task.image.width) < 64;
  const blocks = blocksOf(width);
  const specs = blocks.map((b) => ({
    ...convSpecs(`${b.name}.conv1`, b.input, b.output, 3),
    ...normSpecs(`${b.name}.bn1`, b.output),
    ...convSpecs(`${b.name}.conv2`, b.output, b.output, 3),
    ...normSpecs(`${b.name}.bn2`, b.output),
    ...(hasProjection(b)
      ? {
          ...convSpecs(`${b.name}.downsample.0`, b.input, b.output, 1),
          ...normSpecs(`${b.name}.downsample.1`, b.output),
        }
      : {}),
  }));
  return {
    name: width === 64 ? "resnet18" : `resnet18w${width}`,
    task,
    parameters: {
      ...convSpecs("conv1", 3, width, small ? 3 : 7),
      ...normSpecs("bn1", width),
      ...Object.assign({}, ...specs),
      ...linearSpecs("fc", width * 8, task.classes),
    },
    norms: {
      bn1: width,
      ...Object.fromEntries(
        blocks.flatMap((b) => [
          [`${b.name}.bn1`, b.output],
          [`${b.name}.bn2`, b.output],
          ...(hasProjection(b) ? [[`${b.name}.downsample.1`, b.output]] : []),
        ]),
      ),
    },
    forward: (p, images, normalise) => {
      const stem = relu(
        normalise(convolve(p, "conv1", images, small ? { padding: 1 } : { stride: 2, padding: 3 }), "bn1"),
      );
      const start = small ? stem : maxPool2d(stem, { kernel: 3, stride: 2, padding: 1 });
      return linear(p, "fc", globalAvgPool(blocks.reduce((x, b) => forwardBlock(p, b, x, normalise), start)));
    },
  };
};
