// ResNets from 18 layers on.
import { globalAvgPool, maxPool2d, relu } from "../autodiff/index.ts";
import { chain, convNorm, dense, type Part, plain, residual } from "../nn/parts.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { isSmall, type Model } from "./model.ts";

/** Blocks of each of the four stages; from 50 layers on they are bottlenecks. */
const depths = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
} as const;

export type ResNetDepth = keyof typeof depths;

interface Block {
  readonly name: string;
  readonly input: number;
  /** Channels of the 3x3 convolutions. */
  readonly width: number;
  readonly stride: number;
}

/** Two 3x3 convolutions. */
const basic = ({ name, input, width, stride }: Block): Part =>
  chain(
    convNorm([`${name}.conv1`, `${name}.bn1`], input, width, { kernel: 3, stride, activation: relu }),
    convNorm([`${name}.conv2`, `${name}.bn2`], width, width, { kernel: 3 }),
  );

/** 1x1, 3x3 and 1x1, the last four times as wide. The stride is the 3x3's: torchvision's choice, not the paper's. */
const bottleneck = ({ name, input, width, stride }: Block): Part =>
  chain(
    convNorm([`${name}.conv1`, `${name}.bn1`], input, width, { activation: relu }),
    convNorm([`${name}.conv2`, `${name}.bn2`], width, width, { kernel: 3, stride, activation: relu }),
    convNorm([`${name}.conv3`, `${name}.bn3`], width, 4 * width),
  );

/** A block around its shortcut, which is a 1x1 convolution where the shapes differ. */
const shortcut = (main: Part, { name, input, stride }: Block, output: number): Part => {
  const names = [`${name}.downsample.0`, `${name}.downsample.1`] as const;
  const skip = stride !== 1 || input !== output ? convNorm(names, input, output, { stride }) : undefined;
  return chain(residual(main, skip), plain(relu));
};

/**
 * ResNet (He et al. 2016) with torchvision's parameter names. Images of up to 64 pixels get a 3x3 stem without max-pool,
 * larger ones the 7x7 stem of stride 2. `width` is the channels of the stem and of the first stage's 3x3 convolutions, 64
 * in the paper; each further stage is twice as wide as the one before and half as large.
 */
export const resNet = (depth: ResNetDepth, task: NetworkTask, width = 64): Model => {
  const small = isSmall(task);
  const shape = depths[depth];
  const blocks: Part[] = [];
  let input = width;
  for (const [stage, count] of shape.blocks.entries()) {
    for (let i = 0; i < count; i++) {
      const block: Block = {
        name: `layer${stage + 1}.${i}`,
        input,
        width: width * 2 ** stage,
        stride: i === 0 && stage > 0 ? 2 : 1,
      };
      input = block.width * (shape.bottleneck ? 4 : 1);
      blocks.push(shortcut((shape.bottleneck ? bottleneck : basic)(block), block, input));
    }
  }
  return {
    name: width === 64 ? `resnet${depth}` : `resnet${depth}w${width}`,
    task,
    ...chain(
      convNorm(["conv1", "bn1"], 3, width, {
        ...(small ? { kernel: 3 } : { kernel: 7, stride: 2 }),
        activation: relu,
      }),
      ...(small ? [] : [plain((x) => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }))]),
      ...blocks,
      plain(globalAvgPool),
      dense("fc", input, task.outputs),
    ),
  };
};
