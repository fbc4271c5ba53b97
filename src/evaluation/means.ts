// Means over students of their accuracy by class and of their seconds.
import type { AccuracyRow } from "./rows.ts";

type Known = Pick<AccuracyRow, "byClass" | "seconds">;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const byClassOf = (students: readonly NonNullable<Known["byClass"]>[]): Known["byClass"] =>
  students[0]?.map((_, c) => {
    const values = students.flatMap((byClass) => byClass[c] ?? []);
    return values.length === 0 ? null : mean(values);
  });

/** Means over equal parts, students or rows of as many each; a field that one of them lacks is left out. */
export const meansOf = (parts: readonly Known[]): Known => {
  const classes = parts.flatMap(({ byClass }) => (byClass === undefined ? [] : [byClass]));
  const seconds = parts.flatMap((part) => part.seconds ?? []);
  const whole = (known: readonly unknown[]): boolean => known.length === parts.length && parts.length > 0;
  const byClass = whole(classes) ? byClassOf(classes) : undefined;
  return { ...(byClass && { byClass }), ...(whole(seconds) && { seconds: Math.round(1000 * mean(seconds)) / 1000 }) };
};
