// MobileNetV2.
import { globalAvgPool, relu6 } from "../autodiff/index.ts";
import { chain, convNorm, dense, type Part, plain, residual } from "../nn/parts.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { makeDivisible } from "./make-divisible.ts";
import { isSmall, type Model } from "./model.ts";

/** Channels of the stem, to which all others are in proportion. */
const stem = 32;

const stages = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
] as const;

/** 1x1 to `expansion` times the channels, 3x3 on each channel for itself, and 1x1 without activation. */
const invertedResidual = (name: string, input: number, output: number, expansion: number, stride: number): Part => {
  const hidden = input * expansion;
  const expand =
    expansion === 1 ? [] : [convNorm([`${name}.conv.0.0`, `${name}.conv.0.1`], input, hidden, { activation: relu6 })];
  const at = expand.length;
  const main = chain(
    ...expand,
    convNorm([`${name}.conv.${at}.0`, `${name}.conv.${at}.1`], hidden, hidden, {
      kernel: 3,
      stride,
      groups: hidden,
      activation: relu6,
    }),
    convNorm([`${name}.conv.${at + 1}`, `${name}.conv.${at + 2}`], hidden, output),
  );
  return stride === 1 && input === output ? residual(main) : main;
};

/**
 * MobileNetV2 (Sandler et al. 2018) with torchvision's parameter names, and its width_mult = `width` / 32. Up to 64 pixels
 * the stem and the second stage keep the image's size. The dropout before the last layer is left out.
 */
export const mobileNetV2 = (task: NetworkTask, width = stem): Model => {
  const small = isSmall(task);
  const scaled = (channels: number): number => makeDivisible((channels * width) / stem);
  const blocks: Part[] = [];
  let input = scaled(stem);
  for (const [stage, { expansion, channels, blocks: count, stride }] of stages.entries()) {
    const output = scaled(channels);
    for (let i = 0; i < count; i++) {
      const step = i > 0 || (small && stage === 1) ? 1 : stride;
      blocks.push(invertedResidual(`features.${blocks.length + 1}`, input, output, expansion, step));
      input = output;
    }
  }
  const last = `features.${blocks.length + 1}`;
  const features = Math.max(1280, scaled(1280));
  return {
    name: width === stem ? "mobilenetv2" : `mobilenetv2w${width}`,
    task,
    ...chain(
      convNorm(["features.0.0", "features.0.1"], 3, scaled(stem), {
        kernel: 3,
        stride: small ? 1 : 2,
        activation: relu6,
      }),
      ...blocks,
      convNorm([`${last}.0`, `${last}.1`], input, features, { activation: relu6 }),
      plain(globalAvgPool),
      dense("classifier.1", features, task.outputs),
    ),
  };
};
