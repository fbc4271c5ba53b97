// A table of every set across several students, with the verdict against random images in each cell.
import type { TeacherRow } from "../../evaluation/rows.ts";
import { type BudgetRow, type ComparedRow, comparedRows } from "../../evaluation/statistics.ts";
import { formatSigned } from "../../support/format.ts";
import { formatMean, verdictWords } from "../accuracies.ts";
import { budgetText, methodName } from "../names.ts";
import { html, type Markup, scrolling } from "../page/markup.ts";

/** One set with one kind of labels, and what each student reached on it. */
interface Line {
  readonly row: BudgetRow;
  readonly cells: readonly (ComparedRow<BudgetRow> | undefined)[];
}

/** Every student from one set, side by side. */
export interface Matrix {
  /** Marked with * where the network is also a teacher. */
  readonly students: readonly string[];
  readonly lines: readonly Line[];
}

interface Reported {
  readonly rows: readonly BudgetRow[];
  readonly teachers: readonly TeacherRow[];
}

/** The matrix student x trained on; undefined where there is but one student. */
export const matrixOf = ({ rows, teachers }: Reported): Matrix | undefined => {
  const students = [...new Set(rows.map(({ student }) => student))];
  if (students.length < 2) return undefined;
  const known = new Set(teachers.map(({ architecture }) => architecture));
  const nameOf = (row: BudgetRow): string => JSON.stringify([row.labels, row.ipc, row.method, row.variant]);
  const all = comparedRows({ rows });
  const names = [...new Set(all.map(({ row }) => nameOf(row)))];
  return {
    students: students.map((name) => (known.has(name) ? `${name}*` : name)),
    lines: names.map((name) => {
      const own = all.filter(({ row }) => nameOf(row) === name);
      return { row: own[0]!.row, cells: students.map((student) => own.find(({ row }) => row.student === student)) };
    }),
  };
};

/** "+5.5 better"; nothing where there is nothing to compare with. */
export const verdictText = ({ toRandom }: ComparedRow<BudgetRow>): string | undefined =>
  toRandom && `${formatSigned(toRandom.delta)} ${verdictWords[toRandom.verdict]}`;

export const aboutMatrix =
  "A set is worth more when networks learn from it that had no part in making it. Test accuracy, %, and below it points against random images " +
  "with the same labels, called better or worse only where that is clear; students that are also teachers are marked *.";

const cell = (compared: ComparedRow<BudgetRow> | undefined): Markup => {
  if (compared === undefined) return html`<td></td>`;
  const { row, toRandom } = compared;
  const text = verdictText(compared);
  return html`<td class="number"><b>${formatMean(row.accuracy)}</b>${text && html`<small class="verdict ${toRandom?.verdict}">${text}</small>`}</td>`;
};

/** The same as a part of the page. */
export const matrixTable = ({ students, lines }: Matrix): Markup =>
  html`<p class="lead">${aboutMatrix}</p>
${scrolling(
  "Students from one set",
  html`<table class="matrix"><thead><tr><th scope="col">trained on</th>${students.map((student) => html`<th scope="col" class="number">${student}</th>`)}</tr></thead>
<tbody>${lines.map(
    ({ row, cells }) =>
      html`<tr><th scope="row">${methodName(row)}<small>${[budgetText(row) ?? [], `${row.labels} labels`].flat().join(", ")}</small></th>${cells.map(cell)}</tr>
`,
  )}</tbody></table>`,
)}`;
