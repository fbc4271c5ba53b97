// Numbers by which a set is compared with those of others.
import { retainedOf } from "../../evaluation/conclusions.ts";
import type { Retained } from "../../evaluation/rows.ts";
import type { BudgetRow } from "../../evaluation/statistics.ts";
import { formatShare, formatSigned, formatTenth } from "../../support/format.ts";
import { budgetText, methodName } from "../names.ts";
import { html, type Markup } from "../page/markup.ts";

export const ruleOfRetained =
  "Of all the data: the accuracy as a part of what the same student reaches on all the data. IOR, improvement over random, and HLR, hard-label recovery, are " +
  "DD-Ranking's (arXiv 2505.13300): points above as many random images with the same labels, where more is better, and points below all the data with hard labels on both sides, where less is better.";

const cell = (title: string, value: number | undefined, format: (value: number) => string): Markup =>
  value === undefined
    ? html`<td class="number none" data-title="${title}">–</td>`
    : html`<td class="number" data-title="${title}">${format(value)}</td>`;

const cells = (one: Retained): Markup =>
  html`<tr><th scope="row">${methodName(one)}<small>${[budgetText(one) ?? [], `${one.labels} labels`, one.student].flat().join(", ")}</small></th>
${cell("of all the data", one.share, formatShare)}
${cell("IOR", one.improvement, formatSigned)}
${cell("HLR", one.recovery, formatTenth)}</tr>
`;

/** A table of one student's; undefined where there is nothing to compare with. */
export const retainedTable = (rows: readonly BudgetRow[], student: string | undefined): Markup | undefined => {
  const own = retainedOf({ rows }).filter(
    (one) => one.student === student && (one.share !== undefined || one.improvement !== undefined),
  );
  if (own.length === 0) return undefined;
  return html`<table class="accuracy"><caption>Numbers that papers cite</caption><thead><tr><th scope="col">trained on</th><th scope="col" class="number">of all the data</th><th scope="col" class="number" title="improvement over random">IOR</th><th scope="col" class="number" title="hard-label recovery">HLR</th></tr></thead>
<tbody>${own.map(cells)}</tbody></table>
<p class="quiet note">${ruleOfRetained}</p>`;
};
