// Accuracies of students on the way to their last step.
import type { AccuracyRow, Mark, Reached } from "./rows.ts";

/** Parts of its steps after which a student is measured, besides all of them. */
export const shares = [1 / 8, 1 / 4, 1 / 2] as const;

/**
 * The steps of a student's marks. Those of less than one step are left out; the others differ, as each is at least twice the
 * one before: 1 step has no marks, 5 have two, after 1 and 2.
 */
export const marksOf = (steps: number): readonly Pick<Mark, "share" | "steps">[] =>
  shares.map((share) => ({ share, steps: Math.floor(share * steps) })).filter((mark) => mark.steps > 0);

/** Every accuracy of a row in the order of steps: its marks and, as a share of 1, that after the last step. */
export const courseOf = ({ marks = [], steps, accuracy }: AccuracyRow): readonly Mark[] => [
  ...marks,
  { share: 1, steps, accuracy },
];

/** The first mark at which the mean over seeds is at least `accuracy`; a later one may be below it again. */
export const reachedBy = (row: AccuracyRow, accuracy: number): Reached => {
  const first = courseOf(row).find(({ accuracy: { mean } }) => mean >= accuracy);
  return { accuracy, ...(first && { at: { share: first.share, steps: first.steps } }) };
};
