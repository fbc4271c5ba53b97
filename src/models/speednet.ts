// A network that trains fast, after airbench94.
import { matmul, mul, reduceMax, relu, type Value } from "../autodiff/index.ts";
import type { Normalise } from "../nn/batch-norm.ts";
import type { ParameterSpecs } from "../nn/init.ts";
import { convolve, convSpecs, type Named, normSpecs } from "../nn/layers.ts";
import { maxPool2x2 } from "../nn/pooling.ts";
import { whiteningFilters } from "../nn/whitening.ts";
import type { NetworkTask } from "../tasks/task.ts";
import type { Model } from "./model.ts";

/** Patches of 3 x 3 pixels; 16 of their 27 axes and the negatives of those: 32 channels hold nearly all there is to see. */
const patch = 3;
const axes = 16;
/**
 * The last layer starts with weights of standard deviation 1 (uniform in +-sqrt 3), and its logits are divided by 9: the
 * features get a strong gradient from the first step on, and the answers are not too sure of themselves.
 */
const logitScale = 1 / 9;
const unitSpread = { kind: "uniform", fanIn: 1 / 3 } as const;

interface Block {
  readonly name: string;
  readonly input: number;
  readonly output: number;
}

const blocksOf = (width: number): Block[] =>
  [
    [2 * axes, width],
    [width, 4 * width],
    [4 * width, 4 * width],
  ].map(([input, output], i) => ({ name: `blocks.${i}`, input: input!, output: output! }));

/** A 3x3 convolution whose first outputs are its inputs at the start; those beyond are random. */
const passingConv = (name: string, input: number, output: number): ParameterSpecs =>
  Object.fromEntries(
    Object.entries(convSpecs(name, input, output, 3)).map(([key, { shape }]) => [
      key,
      { shape, start: { kind: "identity", fanIn: input * 9 } },
    ]),
  );

const forwardBlock = (p: Named<Value>, { name }: Block, x: Value, normalise: Normalise): Value => {
  const half = maxPool2x2(convolve(p, `${name}.conv1`, x, { padding: 1 }));
  const inner = relu(normalise(half, `${name}.norm1`));
  return relu(normalise(convolve(p, `${name}.conv2`, inner, { padding: 1 }), `${name}.norm2`));
};

/**
 * A network to be trained fast, of the shape of airbench94 (Jordan 2024, arXiv 2404.00498): a frozen convolution that
 * whitens the patches of the training images, with a learnt bias; three blocks of `width`, 4 `width` and 4 `width` channels,
 * each [3x3 convolution, 2x2 max pool, batch norm, ReLU, 3x3 convolution, batch norm, ReLU]; the largest of each channel; a
 * linear layer without bias, scaled by 1/9. Convolutions start as identities, batch norms learn shifts only.
 *
 * It departs from airbench94 in its patches (3x3, padded, and 32 channels, not 2x2 and 24: multiples of 16 and even sides
 * are fast on a CPU), in ReLU for GELU (several passes fewer) and in 1e-5 for batch norm's 1e-12. An image of 32x32 takes
 * 302 MFLOP forward at width 64, 177 at width 48.
 */
export const speedNet = (task: NetworkTask, width = 64): Model => {
  const blocks = blocksOf(width);
  const norms = Object.fromEntries(
    blocks.flatMap(({ name, output }) => [
      [`${name}.norm1`, output],
      [`${name}.norm2`, output],
    ]),
  );
  const specs = blocks.map(({ name, input, output }) => ({
    ...passingConv(`${name}.conv1`, input, output),
    ...normSpecs(`${name}.norm1`, output),
    ...passingConv(`${name}.conv2`, output, output),
    ...normSpecs(`${name}.norm2`, output),
  }));
  return {
    name: `speednet${width}`,
    task,
    parameters: {
      ...convSpecs("whiten", 3, 2 * axes, patch),
      "whiten.bias": { shape: [2 * axes], start: { kind: "fill", value: 0 } },
      ...Object.assign({}, ...specs),
      "fc.weight": { shape: [task.outputs, 4 * width], start: unitSpread },
    },
    norms,
    statisticsMomentum: 0.4,
    frozen: ["whiten.weight", ...Object.keys(norms).map((name) => `${name}.weight`)],
    fit: (images) => ({ "whiten.weight": whiteningFilters(images, patch, axes) }),
    forward: (p, images, normalise) => {
      const seen = relu(convolve(p, "whiten", images, { padding: 1 }));
      const features = reduceMax(
        blocks.reduce((x, block) => forwardBlock(p, block, x, normalise), seen),
        [2, 3],
      );
      return mul(matmul(features, p["fc.weight"]!, { transposeB: true }), logitScale);
    },
  };
};
