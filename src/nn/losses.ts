// Losses of training and of distillation.
import {
  add,
  div,
  logSoftmax,
  mean,
  mul,
  neg,
  reduceSum,
  softmax,
  sqrt,
  sub,
  type Value,
  zeros,
} from "../autodiff/index.ts";
import type { MomentGap } from "./batch-norm.ts";

/** Mean over the batch of -sum_c target_c log softmax(logits)_c; both [N, C], targets are probabilities. */
export const crossEntropy = (logits: Value, targets: Value): Value =>
  neg(mean(reduceSum(mul(logSoftmax(logits), targets), [1])));

/**
 * KL(softmax(teacher / T) || softmax(logits / T)), summed over classes, mean over the batch, without a factor T^2
 * (students of INFER, arXiv 2408.06927, learn by it at T = 30).
 */
export const distillationLoss = (logits: Value, teacher: Value, temperature: number): Value => {
  const logP = logSoftmax(div(teacher, temperature));
  const logQ = logSoftmax(div(logits, temperature));
  return mean(reduceSum(mul(softmax(div(teacher, temperature)), sub(logP, logQ)), [1]));
};

/** Euclidean norm, of all values or along some axes, whose derivative at 0 is 0, not NaN. */
export const norm = (x: Value, axes?: readonly number[]): Value => sqrt(add(reduceSum(mul(x, x), axes), 1e-20));

/** sum_l w_l (||mean gap||_2 + v ||variance gap||_2), the first layer weighing `first`, the others 1; v is `variance`. */
export const statisticsLoss = (gaps: readonly MomentGap[], first = 10, variance = 1): Value =>
  gaps
    .map((g, i) => mul(add(norm(g.mean), mul(norm(g.variance), variance)), i === 0 ? first : 1))
    .reduce((sum, term) => add(sum, term), zeros([]));
