// Accuracy by class: a heat map of the rows of one table.
import type { Report } from "../evaluation/rows.ts";
import type { BudgetRow, ComparedRow } from "../evaluation/statistics.ts";
import { formatTenth } from "../support/format.ts";
import { nameOf } from "./methods.ts";
import { fullName, shortName } from "./named-class.ts";
import { coordinate, html, type Markup, scrolling } from "./page/markup.ts";

type Known = BudgetRow & { readonly byClass: NonNullable<BudgetRow["byClass"]> };

/** From so many classes on only the worst and the best are shown. */
const many = 100;
const shownOfMany = 10;

/** Classes by what the first row reaches on them, the worst first; those without test images are left out. */
const order = ({ byClass }: Known): readonly number[] =>
  byClass.flatMap((value, c) => (value === null ? [] : c)).sort((a, b) => byClass[a]! - byClass[b]! || a - b);

/** Per cent with one decimal over a tint of as much. */
const cell = (value: number | null | undefined): Markup =>
  typeof value === "number"
    ? html`<td class="number heat" style="--part:${coordinate(value)}%">${formatTenth(value)}</td>`
    : html`<td class="number none">–</td>`;

/** A heat map of classes by rows; undefined where no row was measured by class. */
export const classTable = (
  { classes, classNames, classWords }: Report["data"],
  rows: readonly ComparedRow<BudgetRow>[],
): Markup | undefined => {
  const known = rows.flatMap(({ row }) =>
    row.byClass?.length === classes && row.byClass.length > 1 ? [{ ...row, byClass: row.byClass }] : [],
  );
  const [first] = known;
  if (first === undefined) return undefined;
  const sorted = order(first);
  const shown = sorted.length < many ? [sorted] : [sorted.slice(0, shownOfMany), sorted.slice(-shownOfMany)];
  const left = sorted.length - shown.flat().length;
  const line = (c: number): Markup => {
    const name = {
      className: classNames[c] ?? String(c),
      ...(classWords?.[c] !== undefined && { words: classWords[c] }),
    };
    return html`<tr><th scope="row" title="${fullName(name)}">${shortName(name)}</th>${known.map(({ byClass }) => cell(byClass[c]))}</tr>
`;
  };
  const gap = html`<tr><td class="quiet" colspan="${known.length + 1}">${left} classes between them are in the JSON file</td></tr>
`;
  return html`<p class="lead">Test accuracy of ${first.student} on the images of each class, %, mean over the seeds: the classes that it learns worst from the first set stand first.</p>
${scrolling(
  "Accuracy by class",
  html`<table class="classes"><thead><tr><th scope="col">class</th>${known.map((row) => html`<th scope="col" class="number">${nameOf(row)}<small>${row.labels} labels</small></th>`)}</tr></thead>
<tbody>${shown.map((part, i) => [i > 0 && left > 0 ? gap : undefined, part.map(line)])}</tbody></table>`,
)}`;
};
