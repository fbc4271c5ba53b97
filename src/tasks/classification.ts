// The task of naming the one class of each image.
import { float32, tensor } from "../autodiff/index.ts";
import { crossEntropy, distillationLoss } from "../nn/losses.ts";
import { mixTensors } from "./mixup.ts";
import type { Score, Task } from "./task.ts";

/** Rows [classes] of probability 1 - smoothing on the label, the rest spread evenly over all classes. */
export const oneHot = (labels: ArrayLike<number>, classes: number, smoothing = 0): Float32Array => {
  const rows = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]!] = 1 - smoothing + smoothing / classes;
  return rows;
};

/** Index of the largest of each row's C numbers. */
export const argmaxRows = (rows: Float32Array, classes: number): Int32Array => {
  const best = new Int32Array(rows.length / classes);
  for (let i = 0; i < best.length; i++) {
    for (let c = 1; c < classes; c++) if (rows[i * classes + c]! > rows[i * classes + best[i]!]!) best[i] = c;
  }
  return best;
};

const sum = (counts: Float64Array): number => counts.reduce((a, b) => a + b, 0);

/** Per cent of images that are right, by counts of each class: those that are, and those that were seen. */
const accuracy = (right: Float64Array, seen: Float64Array): Score<number> => ({
  value: (100 * sum(right)) / sum(seen),
  byClass: Array.from(seen, (count, c) => (100 * right[c]!) / count),
  add: (logits, labels) => {
    const [hits, all] = [right.slice(), seen.slice()];
    argmaxRows(logits, right.length).forEach((best, i) => {
      const label = labels[i]!;
      all[label]!++;
      if (best === label) hits[label]!++;
    });
    return accuracy(hits, all);
  },
});

/** One class of C for each image: logits [N, C], targets [N, C] that are probabilities. */
export const classification = (classes: number, image: Task["image"]): Task => ({
  name: "classification",
  classes,
  image,
  outputs: classes,
  targetTypes: (n) => ({ targets: float32(n, classes) }),
  targets: (labels, smoothing) => ({
    targets: tensor(oneHot(labels, classes, smoothing), [labels.length, classes]),
  }),
  loss: { hard: (logits, { targets }) => crossEntropy(logits, targets!), soft: distillationLoss },
  lossWords: {
    hard: "cross entropy of the logits and one-hot classes, mean over the batch",
    soft: (T) =>
      `KL(softmax(label / ${T}) || softmax(logits / ${T})), summed over classes, mean over the batch, without a factor T^2 (T = ${T})`,
  },
  mix: mixTensors,
  warp: (label) => label,
  metric: { name: "accuracy", unit: "%", start: accuracy(new Float64Array(classes), new Float64Array(classes)) },
  strata: { count: classes, of: (label) => [label] },
});
