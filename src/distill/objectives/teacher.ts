// The objective of INFER and of SRe2L and its kin: a frozen teacher tells the images apart and sees its usual statistics.
import { add, float32, mul, type Tensor, tensor, type Value } from "../../autodiff/index.ts";
import { type MomentGap, statisticsNorm } from "../../nn/batch-norm.ts";
import { crossEntropy, statisticsLoss } from "../../nn/losses.ts";
import { oneHot } from "../../tasks/classification.ts";
import { type Frozen, frozenWeights } from "../../training/train-step.ts";
import type { Objective } from "./objective.ts";

export interface TeacherOptions {
  /** Weight of the statistics beside the cross-entropy. */
  readonly alpha: number;
  /** Further gaps, measured given the logits; they stand before those of the BatchNorm layers. */
  readonly before?: (logits: Value) => readonly MomentGap[];
  /** Weight of the variances beside the means. */
  readonly variance?: number;
}

/** [C, C]: the identity, as targets of a batch that holds every class once, in order. */
export const everyClassOnce = (classes: number): Tensor =>
  tensor(
    oneHot(
      Array.from({ length: classes }, (_, c) => c),
      classes,
    ),
    [classes, classes],
  );

/** Cross-entropy of a frozen teacher, and its statistics term, of images [N, 3, H, W] of the classes of targets [N, C]. */
const judgeImages = (
  teacher: Frozen,
  images: Value,
  targets: Value,
  { before, variance }: Omit<TeacherOptions, "alpha"> = {},
): { readonly crossEntropy: Value; readonly statistics: Value } => {
  const { parameters, statistics } = frozenWeights(teacher);
  const { normalise, gaps } = statisticsNorm(parameters, statistics);
  const logits = teacher.model.forward(parameters, images, normalise);
  return {
    crossEntropy: crossEntropy(logits, targets),
    statistics: statisticsLoss([...(before?.(logits) ?? []), ...gaps], 10, variance),
  };
};

/**
 * CE(f(x), c) + alpha sum_l w_l (||mean_l - running mean_l|| + ||var_l - running var_l||) over the inputs of the teacher's
 * BatchNorm layers, w_first = 10, else 1 (DeepInversion, as SRe2L, arXiv 2306.13092, and INFER, arXiv 2408.06927, take it
 * over). It is fed `labels.targets` [count, C].
 */
export const teacherObjective = (teacher: Frozen, count: number, { alpha, ...options }: TeacherOptions): Objective => ({
  feeds: { labels: { targets: float32(count, teacher.model.task.classes) } },
  loss: (images, { labels }) => {
    const scalars = judgeImages(teacher, images, labels!.targets!, options);
    return { loss: add(scalars.crossEntropy, mul(scalars.statistics, alpha)), scalars };
  },
});
