// Accuracy over steps: a plot and a table for each kind of labels and student.
import { baseline } from "../../distill/registry.ts";
import { courseOf } from "../../evaluation/marks.ts";
import { type Accuracy, allData } from "../../evaluation/rows.ts";
import { type BudgetRow, type ComparedRow, measured } from "../../evaluation/statistics.ts";
import { formatTenth, plural } from "../../support/format.ts";
import { formatAccuracy, formatMean } from "../accuracies.ts";
import { acrossSteps, type ScatterSeries, scatterPlot } from "../charts/scatter.ts";
import { nameOf, styleOf } from "../methods.ts";
import { budgetText, methodName } from "../names.ts";
import { html, type Markup, type Section, section } from "../page/markup.ts";
import { hasMarks, markAt, ruleOfMarks, shareName, shares, whenReached } from "../sections/course.ts";
import { type Table, tablesOf } from "./summary.ts";

const deviationOf = ({ values, std }: Accuracy) => (values.length > 1 ? { deviation: std } : {});

/** A line for each row, in the colour and with the mark of its method. */
const seriesOf = (rows: readonly BudgetRow[]): readonly ScatterSeries[] =>
  [...new Set(rows.map(({ method }) => method))].map((method) => {
    const { colour, mark } = styleOf(method);
    const own = rows.filter((row) => row.method === method);
    return {
      name: nameOf({ method }),
      colour,
      mark,
      lines: own.map((row) =>
        courseOf(row).map(({ steps, accuracy }) => ({
          x: steps,
          y: accuracy.mean,
          ...deviationOf(accuracy),
          description: `${[nameOf(row), budgetText(row) ?? []].flat().join(", ")}, ${plural(steps, "step")}: ${formatAccuracy(accuracy)}`,
        })),
      ),
    };
  });

/** Accuracy against steps; all the data, which take their own, are left out. A dashed line is at random images' last. */
const coursePlot = ({ labels, student, rows }: Table<BudgetRow>): Markup | undefined => {
  const shown = rows.map(({ row }) => row).filter((row) => row.method !== allData && measured(row) && row.marks);
  const [random, ...more] = shown.filter(({ method }) => method === baseline.name);
  const { name, colour } = styleOf(baseline.name);
  return scatterPlot({
    title: `${student}, ${labels} labels: test accuracy, %, over steps`,
    description: `Test accuracy of ${student} with ${labels} labels over the steps of training; the numbers are in the table below.`,
    across: acrossSteps,
    series: seriesOf(shown),
    ...(random && more.length === 0 && { reference: { y: random.accuracy.mean, text: `${name}, all steps`, colour } }),
  });
};

const rowCells = ({ row, reached }: ComparedRow<BudgetRow>): Markup =>
  html`<tr><th scope="row">${methodName(row)}<small>${budgetText(row)}</small></th>
${shares.map((share) => {
  const title = `after ${shareName(share)}`;
  const mark = markAt(row, share);
  return mark
    ? html`<td class="number" data-title="${title}"><div><b>${formatMean(mark.accuracy)}</b><small>${plural(mark.steps, "step")}</small></div></td>`
    : html`<td class="number none" data-title="${title}">–</td>`;
})}
${
  reached
    ? html`<td class="number" data-title="random’s final"><div><b>${whenReached(reached)}</b><small>${formatTenth(reached.accuracy)} %</small></div></td>`
    : html`<td class="number none" data-title="random’s final">–</td>`
}</tr>
`;

const courseTable = ({ labels, student, rows }: Table<BudgetRow>): Markup =>
  html`<table class="accuracy"><caption>${student}, ${labels} labels: accuracy, %, after parts of the steps and after all, mean ± standard deviation; and when a set reaches what random images reach at last.</caption>
<thead><tr><th scope="col">trained on</th>${shares.map((share) => html`<th scope="col" class="number">after ${shareName(share)}</th>`)}<th scope="col" class="number">random’s final accuracy</th></tr></thead>
<tbody>${rows.map(rowCells)}</tbody></table>`;

/** The section on accuracies on the way; nothing where none were measured. */
export const courseSection = (report: { readonly rows: readonly BudgetRow[] }): Section | undefined =>
  hasMarks(report.rows)
    ? section(
        "course",
        "On the way to the last step",
        html`<p class="lead">What a set saves: how soon a student gets as far as random images get it in the end.</p>
${tablesOf(report).map((table) => [coursePlot(table), courseTable(table)])}
<p class="quiet note">${ruleOfMarks}</p>`,
      )
    : undefined;
