// EfficientNet-B0.
import { globalAvgPool, silu } from "../autodiff/index.ts";
import { chain, convNorm, dense, type Part, plain, residual } from "../nn/parts.ts";
import { squeezeExcitation } from "../nn/squeeze-excitation.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { makeDivisible } from "./make-divisible.ts";
import { isSmall, type Model } from "./model.ts";

/** Channels of the stem, to which all others are in proportion. */
const stem = 32;

const stages = [
  { expansion: 1, kernel: 3, stride: 1, channels: 16, blocks: 1 },
  { expansion: 6, kernel: 3, stride: 2, channels: 24, blocks: 2 },
  { expansion: 6, kernel: 5, stride: 2, channels: 40, blocks: 2 },
  { expansion: 6, kernel: 3, stride: 2, channels: 80, blocks: 3 },
  { expansion: 6, kernel: 5, stride: 1, channels: 112, blocks: 3 },
  { expansion: 6, kernel: 5, stride: 2, channels: 192, blocks: 4 },
  { expansion: 6, kernel: 3, stride: 1, channels: 320, blocks: 1 },
] as const;

interface Block {
  readonly name: string;
  readonly input: number;
  readonly output: number;
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: number;
}

/** 1x1 to `expansion` times the channels, k x k on each channel for itself, squeeze-excitation, 1x1 without activation. */
const invertedBottleneck = ({ name, input, output, expansion, kernel, stride }: Block): Part => {
  const hidden = input * expansion;
  const layer = (i: number) => [`${name}.block.${i}.0`, `${name}.block.${i}.1`] as const;
  const expand = expansion === 1 ? [] : [convNorm(layer(0), input, hidden, { activation: silu })];
  const at = expand.length;
  const main = chain(
    ...expand,
    convNorm(layer(at), hidden, hidden, { kernel, stride, groups: hidden, activation: silu }),
    squeezeExcitation(`${name}.block.${at + 1}`, hidden, Math.max(1, Math.floor(input / 4))),
    convNorm(layer(at + 2), hidden, output),
  );
  return stride === 1 && input === output ? residual(main) : main;
};

/**
 * EfficientNet-B0 (Tan & Le 2019) with torchvision's parameter names. Up to 64 pixels the stem and the second stage keep the
 * image's size. `width` is the channels of the stem, 32 in the paper, and all others are in proportion. Stochastic depth and
 * the dropout before the last layer, which only training would notice, are left out.
 */
export const efficientNetB0 = (task: NetworkTask, width = stem): Model => {
  const small = isSmall(task);
  const scaled = (channels: number): number => makeDivisible((channels * width) / stem);
  const blocks: Part[] = [];
  let input = scaled(stem);
  for (const [stage, { channels, blocks: count, stride, ...kind }] of stages.entries()) {
    const output = scaled(channels);
    for (let i = 0; i < count; i++) {
      const step = i > 0 || (small && stage === 1) ? 1 : stride;
      blocks.push(invertedBottleneck({ ...kind, name: `features.${stage + 1}.${i}`, input, output, stride: step }));
      input = output;
    }
  }
  const last = `features.${stages.length + 1}`;
  return {
    name: width === stem ? "efficientnetb0" : `efficientnetb0w${width}`,
    task,
    ...chain(
      convNorm(["features.0.0", "features.0.1"], 3, scaled(stem), {
        kernel: 3,
        stride: small ? 1 : 2,
        activation: silu,
      }),
      ...blocks,
      convNorm([`${last}.0`, `${last}.1`], input, 4 * input, { activation: silu }),
      plain(globalAvgPool),
      dense("classifier.1", 4 * input, task.outputs),
    ),
  };
};
