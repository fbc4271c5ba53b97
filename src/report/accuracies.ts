// Words for accuracies and for differences of two.
import type { AccuracyRow } from "../evaluation/rows.ts";
import type { Difference } from "../evaluation/statistics.ts";
import { formatSigned, formatTenth } from "../support/format.ts";

/** Mean and, from two seeds on, standard deviation without a unit: "41.2 ± 0.6", "41.2", or "not measured". */
export const formatMean = ({ values, mean, std }: AccuracyRow["accuracy"]): string => {
  if (values.length === 0 || !Number.isFinite(mean)) return "not measured";
  return values.length === 1 ? formatTenth(mean) : `${formatTenth(mean)} ± ${formatTenth(std)}`;
};

/** `formatMean` with its unit. */
export const formatAccuracy = (accuracy: AccuracyRow["accuracy"]): string => {
  const text = formatMean(accuracy);
  return text === "not measured" ? text : `${text} %`;
};

/** A 95 % interval in percentage points, "−0.3 to +3.1". */
export const formatInterval = ([low, high]: readonly [number, number]): string =>
  `${formatSigned(low)} to ${formatSigned(high)}`;

/** One word or two for a difference, as table cells carry it. */
export const verdictWords: Readonly<Record<Difference["verdict"], string>> = {
  better: "better",
  worse: "worse",
  unclear: "no clear difference",
  unknown: "too few seeds",
};

/** A footnote on the verdicts. */
export const ruleOfJudgement =
  "A difference is called better or worse only where the 95 % Welch interval of the two means excludes zero. " +
  "Deviations are sample standard deviations over the students’ seeds.";

/** Qualifies the deviations where only students differ. */
export const distilledOnce = "The set was distilled once.";
