// Seconds of a student's training on a set beside all the data.
import { allData } from "../../evaluation/rows.ts";
import type { BudgetRow, ComparedRow } from "../../evaluation/statistics.ts";
import { formatSeconds, formatTenth, plural } from "../../support/format.ts";
import { budgetText, methodName } from "../names.ts";
import { html, type Markup } from "../page/markup.ts";

export interface Speed {
  readonly row: BudgetRow;
  readonly seconds: number;
  /** On all the data, and how many times as long that takes; absent where it was not measured. */
  readonly full?: number;
  readonly times?: number;
}

/** The seconds of every set's row that was timed. */
export const speedsOf = (rows: readonly ComparedRow<BudgetRow>[]): readonly Speed[] =>
  rows.flatMap(({ row, full }) => {
    if (row.seconds === undefined || row.method === allData) return [];
    const beside = full?.seconds;
    const times = beside !== undefined && row.seconds > 0 ? { full: beside, times: beside / row.seconds } : {};
    return [{ row, seconds: row.seconds, ...times }];
  });

/** "8.0 times faster", "2.1 times slower". */
export const fasterWords = (times: number): string =>
  times >= 1 ? `${formatTenth(times)} times faster` : `${formatTenth(1 / times)} times slower`;

/** " A student takes 1.3 s on it and 11 s on all the data: 8.0 times faster."; nothing where it was not timed. */
export const speedWords = (compared: ComparedRow<BudgetRow>): string => {
  const [speed] = speedsOf([compared]);
  if (speed?.full === undefined || speed.times === undefined) return "";
  return ` A student takes ${formatSeconds(speed.seconds)} on it and ${formatSeconds(speed.full)} on all the data: ${fasterWords(speed.times)}.`;
};

export const ruleOfSeconds =
  "Seconds of one student's training, mean over the seeds, without compiling its step and measuring it. Students run side by side and share the cores, " +
  "so one alone is faster; what was stopped and taken up again is added up.";

/** A table of them; undefined where nothing was timed. */
export const speedTable = (rows: readonly ComparedRow<BudgetRow>[]): Markup | undefined => {
  const speeds = speedsOf(rows);
  if (speeds.length === 0) return undefined;
  const cells = ({ row, seconds, full, times }: Speed): Markup =>
    html`<tr><th scope="row">${methodName(row)}<small>${[budgetText(row) ?? [], `${row.labels} labels`, row.student].flat().join(", ")}</small></th>
<td class="number" data-title="steps">${plural(row.steps, "step")}</td>
<td class="number" data-title="on the set"><b>${formatSeconds(seconds)}</b></td>
<td class="number" data-title="on all the data">${full === undefined ? "–" : formatSeconds(full)}</td>
<td class="number" data-title="so it is">${times === undefined ? "–" : fasterWords(times)}</td></tr>
`;
  return html`<table class="accuracy"><caption>Training one student</caption><thead><tr><th scope="col">trained on</th><th scope="col" class="number">steps</th><th scope="col" class="number">on the set</th><th scope="col" class="number">on all the data</th><th scope="col" class="number">so it is</th></tr></thead>
<tbody>${speeds.map(cells)}</tbody></table>
<p class="quiet note">${ruleOfSeconds}</p>`;
};
