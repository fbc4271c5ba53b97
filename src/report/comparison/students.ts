// A table of every set across several students.
import type { Comparison, ComparisonRow } from "../../evaluation/comparison.ts";
import { formatCount } from "../../support/format.ts";
import { html, type Markup, scrolling } from "../page/markup.ts";
import { formatMean } from "../run/summary.ts";
import { methodName } from "./names.ts";

/** One set with one kind of labels, and what each student reached on it. */
interface Line {
  readonly row: ComparisonRow;
  readonly accuracies: readonly (ComparisonRow["accuracy"] | undefined)[];
}

/** Every student from one set, side by side. */
export interface StudentTable {
  /** Marked with * where the network is also a teacher. */
  readonly students: readonly string[];
  readonly lines: readonly Line[];
}

const linesOf = (rows: readonly ComparisonRow[], students: readonly string[]): readonly Line[] => {
  const of = (row: ComparisonRow): string => [row.labels, row.ipc ?? "", row.method, row.variant ?? ""].join(" ");
  const first = new Map<string, ComparisonRow>();
  for (const row of rows) if (!first.has(of(row))) first.set(of(row), row);
  return [...first].map(([name, row]) => ({
    row,
    accuracies: students.map(
      (student) => rows.find((other) => of(other) === name && other.student === student)?.accuracy,
    ),
  }));
};

/** The table across architectures; undefined where there is but one student. */
export const studentTable = ({ rows, teachers }: Comparison): StudentTable | undefined => {
  const students = [...new Set(rows.map(({ student }) => student))];
  if (students.length < 2) return undefined;
  const known = new Set(teachers.map(({ architecture }) => architecture));
  return { students: students.map((name) => (known.has(name) ? `${name}*` : name)), lines: linesOf(rows, students) };
};

export const aboutStudents =
  "A set is worth more when networks learn from it that had no part in making it. Test accuracy, %; students that are also teachers are marked *.";

/** The same as a section of the page. */
export const crossArchitectureSection = ({ students, lines }: StudentTable): Markup =>
  html`<p class="lead">${aboutStudents}</p>
${scrolling(
  "Students from one set",
  html`<table><thead><tr><th scope="col">set</th><th scope="col">labels</th><th scope="col" class="number">ipc</th>${students.map((student) => html`<th scope="col" class="number">${student}</th>`)}</tr></thead>
<tbody>${lines.map(
    ({ row, accuracies }) =>
      html`<tr><th scope="row">${methodName(row)}</th><td>${row.labels}</td><td class="number">${row.ipc === undefined ? "" : formatCount(row.ipc)}</td>${accuracies.map((accuracy) => html`<td class="number">${accuracy ? formatMean(accuracy) : undefined}</td>`)}</tr>
`,
  )}</tbody></table>`,
)}`;
