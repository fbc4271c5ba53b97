// Labels of a set beside the classes of its images.
import { formatCount, formatTenth } from "../support/format.ts";
import type { Teacher } from "./teacher.ts";

/** Per cent of rows [n, C] whose highest logit is that of their image's class; images go round the classes, as a set's do. */
export const agreementOf = (logits: Float32Array, classes: number): number => {
  const n = logits.length / classes;
  let right = 0;
  for (let row = 0; row < n; row++) {
    const own = logits[row * classes + (row % classes)]!;
    if (logits.subarray(row * classes, (row + 1) * classes).every((z) => z <= own)) right++;
  }
  return (100 * right) / n;
};

/**
 * Says that teachers name less than half as many of a set's images by their class as of the test images; undefined where
 * they do not. Images that were learnt in networks of another kind can look like nothing to a teacher: students of such labels
 * reached 5 % where random images' reached 22 (results/tiny100-match).
 */
export const doubtfulLabels = (
  logits: Float32Array,
  classes: number,
  teachers: readonly Pick<Teacher, "accuracy">[],
): string | undefined => {
  const agreement = agreementOf(logits, classes);
  const usual = teachers.reduce((sum, { accuracy }) => sum + accuracy, 0) / teachers.length;
  if (2 * agreement >= usual) return undefined;
  return (
    `labels: the teachers name ${formatTenth(agreement)} % of the set's ${formatCount(logits.length / classes)} images ` +
    `by their class, and ` +
    `${formatTenth(usual)} % of the test images: students may learn little from such labels; take --labels hard, ` +
    "or teachers like the networks that the images were learnt in"
  );
};
