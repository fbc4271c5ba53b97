// Accuracy by class: a heat map of the rows of one table.
import type { NamedClass, Report } from "../../evaluation/rows.ts";
import type { BudgetRow, ComparedRow } from "../../evaluation/statistics.ts";
import { formatTenth, plural } from "../../support/format.ts";
import { nameOf } from "../methods.ts";
import { fullName, shortName } from "../named-class.ts";
import { coordinate, html, type Markup, scrolling } from "../page/markup.ts";

type Known = BudgetRow & { readonly byClass: NonNullable<BudgetRow["byClass"]> };

/** From so many classes on only the worst and the best are shown. */
const many = 100;
const shownOfMany = 10;

/** Classes by what the first row reaches on them, the worst first; those without test images are left out. */
const order = ({ byClass }: Known): readonly number[] =>
  byClass.flatMap((value, c) => (value === null ? [] : c)).sort((a, b) => byClass[a]! - byClass[b]! || a - b);

/** Per cent with one decimal over a tint of as much. */
const cell = (value: number | null): Markup =>
  value !== null
    ? html`<td class="number heat" style="--part:${coordinate(value)}%">${formatTenth(value)}</td>`
    : html`<td class="number none">–</td>`;

/** Classes by rows that were measured by class. */
export interface ClassMap {
  readonly rows: readonly Known[];
  /** The worst of the first row and, of many, the best apart. */
  readonly parts: readonly (readonly (NamedClass & { readonly values: readonly (number | null)[] })[])[];
  /** Number of classes between them. */
  readonly left: number;
}

/** The classes of one table; undefined where no row was measured by class. */
export const classMap = (
  { classes, classNames, classWords }: Report["data"],
  compared: readonly ComparedRow<BudgetRow>[],
): ClassMap | undefined => {
  const rows = compared.flatMap(({ row }) =>
    row.byClass?.length === classes && classes > 1 ? [{ ...row, byClass: row.byClass }] : [],
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  const sorted = order(first);
  const shown = sorted.length < many ? [sorted] : [sorted.slice(0, shownOfMany), sorted.slice(-shownOfMany)];
  const lineOf = (c: number) => ({
    className: classNames[c] ?? String(c),
    ...(classWords?.[c] !== undefined && { words: classWords[c] }),
    values: rows.map(({ byClass }) => byClass[c] ?? null),
  });
  return { rows, parts: shown.map((part) => part.map(lineOf)), left: sorted.length - shown.flat().length };
};

export const aboutClasses = ({ rows }: ClassMap): string =>
  `Test accuracy of ${rows[0]?.student} on the images of each class, %, mean over the seeds: the classes that it learns worst from the first set stand first.`;

/** "80 classes between them are in the JSON file". */
export const leftOut = ({ left }: ClassMap): string =>
  `${plural(left, "class", "classes")} between them: in the JSON file`;

/** A heat map of them. */
export const classTable = (map: ClassMap): Markup => {
  const { rows, parts, left } = map;
  const gap = html`<tr><td class="quiet" colspan="${rows.length + 1}">${leftOut(map)}</td></tr>
`;
  const line = ({ values, ...name }: ClassMap["parts"][number][number]): Markup =>
    html`<tr><th scope="row" title="${fullName(name)}">${shortName(name)}</th>${values.map(cell)}</tr>
`;
  return html`<p class="lead">${aboutClasses(map)}</p>
${scrolling(
  "Accuracy by class",
  html`<table class="classes"><thead><tr><th scope="col">class</th>${rows.map((row) => html`<th scope="col" class="number">${nameOf(row)}<small>${row.labels} labels</small></th>`)}</tr></thead>
<tbody>${parts.map((part, i) => [i > 0 && left > 0 ? gap : undefined, part.map(line)])}</tbody></table>`,
)}`;
};
