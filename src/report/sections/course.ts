// Words for accuracies on the way to the last step, and for when random images' accuracy is reached.
import { courseOf, shares as marked } from "../../evaluation/marks.ts";
import type { AccuracyRow, Mark, Reached } from "../../evaluation/rows.ts";
import { formatTenth, plural } from "../../support/format.ts";

/** The shares of steps that are shown, the last step being 1. */
export const shares = [...marked, 1];

/** "1/8", "all". */
export const shareName = (share: number): string => (share === 1 ? "all" : `1/${1 / share}`);

/** A row's accuracy after a share of its steps; undefined where it was not measured there. */
export const markAt = (row: AccuracyRow, share: number): Mark | undefined =>
  courseOf(row).find((mark) => mark.share === share);

/** True where some row was measured on the way; those of earlier versions were not, nor were those of a single step. */
export const hasMarks = (rows: readonly AccuracyRow[]): boolean => rows.some(({ marks = [] }) => marks.length > 0);

/** "200 steps (1/8)", "not reached". */
export const whenReached = ({ at }: Reached): string =>
  at === undefined ? "not reached" : `${plural(at.steps, "step")} (${shareName(at.share)})`;

/** "reaches random's final accuracy (36.2 %) after 200 steps (1/8)". */
export const reachedWords = (reached: Reached): string => {
  const what = `random's final accuracy (${formatTenth(reached.accuracy)} %)`;
  return reached.at === undefined ? `does not reach ${what}` : `reaches ${what} after ${whenReached(reached)}`;
};

/** A footnote on accuracies on the way. */
export const ruleOfMarks =
  "Nothing is chosen by the accuracies on the way: the last step counts. The learning rate falls until then, so a training of " +
  "fewer steps would not end as a longer one stands there. Random's final accuracy is reached at the first mark whose mean " +
  "over seeds is at least that of random images after all steps, with the same labels, student and budget.";
