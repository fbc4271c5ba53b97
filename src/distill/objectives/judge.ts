import { constant, tensor, type Value } from "../../autodiff/index.ts";
import { measuringNorm, type StatisticsGap } from "../../nn/batch-norm.ts";
import { crossEntropy, statisticsLoss } from "../../nn/losses.ts";
import { type Frozen, frozenWeights } from "../../training/train-step.ts";

/** Two scalars: how well a batch of one image of each class is told apart, and how far it is from what a teacher knows. */
export interface Verdict {
  readonly crossEntropy: Value;
  readonly statistics: Value;
}

/** The verdict on images [N, 3, H, W] that should be of the classes that targets [N, C] say. */
export type Judge = (images: Value, targets: Value) => Verdict;

/** [C, C]: the identity, as targets of a batch that holds every class once, in order. */
export const everyClassOnce = (classes: number): Value => {
  const rows = new Float32Array(classes * classes);
  for (let c = 0; c < classes; c++) rows[c * classes + c] = 1;
  return constant(tensor(rows, [classes, classes]));
};

export interface JudgeOptions {
  /** What else is measured, given the logits: it stands before the inputs of the BatchNorm layers. */
  readonly before?: (logits: Value) => readonly StatisticsGap[];
  /** Weight of the variances beside the means. */
  readonly variance?: number;
}

/**
 * Cross-entropy of a frozen teacher, and its statistics term sum_l w_l (||mean_l - running mean_l|| + ||var_l - running
 * var_l||) over the inputs of its BatchNorm layers, w_first = 10, else 1 (DeepInversion, as SRe2L and INFER take it over).
 */
export const judgeClasses = (
  teacher: Frozen,
  images: Value,
  targets: Value,
  { before, variance }: JudgeOptions = {},
): Verdict => {
  const { parameters, statistics } = frozenWeights(teacher);
  const { normalise, gaps } = measuringNorm(parameters, statistics);
  const logits = teacher.model.forward(parameters, images, normalise);
  return {
    crossEntropy: crossEntropy(logits, targets),
    statistics: statisticsLoss([...(before?.(logits) ?? []), ...gaps], 10, variance),
  };
};
