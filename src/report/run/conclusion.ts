// The heading of a run's report: the conclusion alone, of at most two lines.
import { baseline } from "../../distill/registry.ts";
import type { Report } from "../../evaluation/rows.ts";
import { type ComparedRow, comparedRows, type Difference } from "../../evaluation/statistics.ts";
import { formatSigned, plural } from "../../support/format.ts";
import { warningsOf } from "../../teachers/guessing.ts";
import { formatAccuracy } from "../accuracies.ts";
import { headlineRow } from "./summary.ts";

/** Says for how many of the other students the first one's verdict holds too; nothing where there are none. */
const alike = (report: Report, { row, toRandom }: ComparedRow): string => {
  const others = comparedRows(report).filter(
    (other) =>
      other.row.method === row.method &&
      other.row.labels === row.labels &&
      other.row.student !== row.student &&
      other.toRandom !== undefined,
  );
  if (others.length === 0) return "";
  const same = others.filter((other) => other.toRandom?.verdict === toRandom?.verdict).length;
  return `; the same for ${same} of ${plural(others.length, "other student")}`;
};

const conclude = ({ verdict, delta }: Difference, student: string): string => {
  const points = `${formatSigned(delta)} points for ${student}`;
  switch (verdict) {
    case "better":
      return `Clearly better than random images: ${points}`;
    case "worse":
      return `Clearly worse than random images: ${points}`;
    case "unclear":
      return `No clear difference from random images: ${points}`;
    case "unknown":
      return `Too few seeds to tell this set from random images: ${points}`;
  }
};

/**
 * Says whether the set beats random images, for the first student; a gain is claimed only where it is clear. Teachers that
 * guess are said before.
 */
export const conclusion = (report: Report): string => [...warningsOf(report.teachers), verdictOf(report)].join(" ");

const verdictOf = (report: Report): string => {
  const chosen = headlineRow(report);
  if (chosen === undefined) return "No student has been trained on this set yet.";
  const { row, toRandom } = chosen;
  if (toRandom !== undefined) return `${conclude(toRandom, row.student)}${alike(report, chosen)}.`;
  const missing =
    row.method === baseline.name ? "these are random images themselves" : "random images were not measured beside it";
  return `${row.student} reaches ${formatAccuracy(row.accuracy)} on this set; ${missing}.`;
};
