// ShuffleNetV2.
import { concat, globalAvgPool, maxPool2d, relu, reshape, slice, transpose, type Value } from "../autodiff/index.ts";
import { branches, chain, convNorm, dense, type Part, plain } from "../nn/parts.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { isSmall, type Model } from "./model.ts";

const stem = 24;
const features = 1024;
/** Units of the stages 2, 3 and 4, each stage twice as wide as the one before. */
const stages = [4, 8, 4] as const;
/** Channels of stage 2 in ShuffleNetV2 x1.0. */
const usual = 116;

/** Two halves [N, C/2, H, W] as one tensor whose channels come from either in turn. */
const shuffled = (halves: readonly Value[]): Value => {
  const [n, c, h, w] = halves[0]!.shape as [number, number, number, number];
  const apart = reshape(concat(halves, 1), [n, 2, c, h, w]);
  return reshape(transpose(apart, [0, 2, 1, 3, 4]), [n, 2 * c, h, w]);
};

/** 1x1, 3x3 on each channel for itself, and 1x1. */
const wide = (name: string, input: number, output: number, stride: number): Part =>
  chain(
    convNorm([`${name}.0`, `${name}.1`], input, output, { activation: relu }),
    convNorm([`${name}.3`, `${name}.4`], output, output, { kernel: 3, stride, groups: output }),
    convNorm([`${name}.5`, `${name}.6`], output, output, { activation: relu }),
  );

/** The first unit of a stage: both branches see all channels and halve the image. */
const reducing = (name: string, input: number, output: number): Part => {
  const half = output / 2;
  const narrow = chain(
    convNorm([`${name}.branch1.0`, `${name}.branch1.1`], input, input, { kernel: 3, stride: 2, groups: input }),
    convNorm([`${name}.branch1.2`, `${name}.branch1.3`], input, half, { activation: relu }),
  );
  return branches([narrow, wide(`${name}.branch2`, input, half, 2)], shuffled);
};

/** A further unit: the first half of the channels passes, the second is worked on. */
const passing = (name: string, channels: number): Part => {
  const half = channels / 2;
  const work = chain(
    plain((x) => slice(x, 1, half, channels)),
    wide(`${name}.branch2`, half, half, 1),
  );
  return branches([plain((x) => slice(x, 1, 0, half)), work], shuffled);
};

/**
 * ShuffleNetV2 (Ma et al. 2018) with torchvision's parameter names. Up to 64 pixels the stem has stride 1 and no max-pool
 * follows it. `width`, even, is the channels of the first stage: 116 for x1.0, 48 for x0.5, 176 for x1.5.
 */
export const shuffleNetV2 = (task: NetworkTask, width = usual): Model => {
  const small = isSmall(task);
  const units = stages.flatMap((count, stage) => {
    const output = width * 2 ** stage;
    return Array.from({ length: count }, (_, i) => {
      const name = `stage${stage + 2}.${i}`;
      return i > 0 ? passing(name, output) : reducing(name, stage === 0 ? stem : output / 2, output);
    });
  });
  const last = width * 2 ** (stages.length - 1);
  return {
    name: width === usual ? "shufflenetv2" : `shufflenetv2w${width}`,
    task,
    ...chain(
      convNorm(["conv1.0", "conv1.1"], 3, stem, { kernel: 3, stride: small ? 1 : 2, activation: relu }),
      ...(small ? [] : [plain((x) => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }))]),
      ...units,
      convNorm(["conv5.0", "conv5.1"], last, features, { activation: relu }),
      plain(globalAvgPool),
      dense("fc", features, task.outputs),
    ),
  };
};
