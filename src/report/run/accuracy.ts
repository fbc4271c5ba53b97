// The accuracy section of a report: sentences, plot and table.
import type { AccuracyRow, Report } from "../../evaluation/rows.ts";
import { allData } from "../../evaluation/rows.ts";
import { type ComparedRow, comparedRows, measured } from "../../evaluation/statistics.ts";
import { formatCount, formatTenth, plural } from "../../support/format.ts";
import { distilledOnce, formatAccuracy, formatMean, ruleOfJudgement } from "../accuracies.ts";
import { axis, dotStrip, legendEntry } from "../charts/plot.ts";
import { niceScale } from "../charts/scale.ts";
import { nameOf, styleOf } from "../methods.ts";
import { type Content, html, type Markup, unbroken } from "../page/markup.ts";
import { differenceCell } from "../sections/difference.ts";
import { retainedTable } from "../sections/retained.ts";
import { judgements } from "./summary.ts";

const spelledLabels = (row: AccuracyRow): string => `${row.labels} labels`;

const rowCells = (compared: ComparedRow): Markup => {
  const { row } = compared;
  const { values } = row.accuracy;
  const seeds = values.length > 1 ? values.map(formatTenth).join(", ") : values.length === 1 ? "one seed" : undefined;
  return html`<tr><th scope="row"><span class="name"><i class="swatch ${styleOf(row.method).colour}"></i>${nameOf(row)}</span><small>${spelledLabels(row)}, ${row.student}</small></th>
<td class="number" data-title="images">${formatCount(row.images)}</td>
<td class="number" data-title="steps">${formatCount(row.steps)}</td>
<td class="number" data-title="accuracy, %"><div><b>${formatMean(row.accuracy)}</b>${seeds ? html`<small>${seeds}</small>` : undefined}</div></td>
${differenceCell(compared.toRandom, "vs random images", true)}
${differenceCell(compared.toFull, "vs all the data", false)}</tr>
`;
};

const table = (rows: readonly ComparedRow[]): Markup => html`<table class="accuracy">
<caption>Test accuracy after the last step: mean ± standard deviation, below it every seed. Differences in percentage points with their 95 % interval, against random images with the same labels and student, and against all the data with hard labels.</caption>
<thead><tr><th scope="col">trained on</th><th scope="col" class="number">images</th><th scope="col" class="number">steps</th><th scope="col" class="number">accuracy, %</th><th scope="col" class="number">vs random images</th><th scope="col" class="number">vs all the data</th></tr></thead>
<tbody>${rows.map(rowCells)}</tbody></table>`;

const describe = (row: AccuracyRow): string => {
  const seeds =
    row.accuracy.values.length > 1 ? ` (seeds ${row.accuracy.values.map(formatTenth).join(", ")})` : " (one seed)";
  return `${nameOf(row)}, ${spelledLabels(row)}, ${row.student}: ${formatAccuracy(row.accuracy)}${seeds}`;
};

const plot = (rows: readonly ComparedRow[]): Markup | undefined => {
  const shown = rows.filter(({ row }) => measured(row));
  if (shown.length === 0) return undefined;
  const ends = shown.flatMap(({ row: { accuracy } }) => [
    ...accuracy.values,
    accuracy.mean - accuracy.std,
    accuracy.mean + accuracy.std,
  ]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const margin = Math.max(0.5, (high - low) * 0.04);
  const scale = niceScale(low - margin, high + margin, [0, 100]);
  const lines = shown.map(({ row, full }, i): Markup => {
    const before = shown[i - 1]?.row;
    const opens =
      before !== undefined &&
      (before.labels !== row.labels || before.student !== row.student || row.method === allData);
    const { mean, std, values } = row.accuracy;
    const reference = row.method === allData ? mean : full?.accuracy.mean;
    const dot = {
      mean,
      values,
      colour: styleOf(row.method).colour,
      description: describe(row),
      ...(values.length > 1 ? { deviation: std } : {}),
    };
    return html`<div class="dot-row${opens ? " opens" : ""}"><div class="dot-label"><span class="name">${nameOf(row)}</span><small>${spelledLabels(row)}, ${row.student}</small></div>
<div class="dot-strip">${dotStrip(dot, scale, reference)}</div><div class="dot-value number">${formatMean(row.accuracy)}</div></div>
`;
  });
  const methods = [...new Set(shown.map(({ row }) => row.method))];
  const several = shown.some(({ row }) => row.accuracy.values.length > 1);
  const key: Content = [
    ...methods.map((method) => legendEntry(styleOf(method).colour, nameOf({ method }))),
    several ? html`<span class="key quiet">dot and bar: mean ± standard deviation; rings: seeds</span>` : undefined,
    methods.includes(allData) ? html`<span class="key quiet"><i class="dash"></i>all the data</span>` : undefined,
  ];
  return html`<figure class="dots"><figcaption><strong>Test accuracy</strong> <span class="legend">${key}</span></figcaption>
${lines}<div class="dot-row"><div class="dot-label"></div><div class="dot-strip">${axis(scale, " %")}</div><div class="dot-value"></div></div></figure>
`;
};

/** The accuracy of one student: a sentence a comparison, the plot, the table, the numbers that are cited. */
export const accuracySection = (report: Report, student: string | undefined): Markup => {
  const rows = comparedRows(report).filter(({ row }) => row.student === student);
  if (rows.length === 0) return html`<p class="quiet">No student has been trained yet.</p>`;
  const chance = report.data.classes > 0 ? `Guessing would reach ${formatTenth(100 / report.data.classes)} %. ` : "";
  return html`<ul class="judgements">${judgements(report, student).map((sentence) => html`<li>${unbroken(sentence)}</li>`)}</ul>
${plot(rows)}
${table(rows)}
<p class="quiet note">${chance}The test set has ${plural(report.data.test, "image")} and is read after the last step, which counts, and at marks on the way, by which nothing is chosen. ${ruleOfJudgement} ${distilledOnce}</p>
${retainedTable(report.rows, student)}`;
};
