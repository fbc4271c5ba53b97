// The ranking of students on sets beside that on all the data.
import { rankingsOf } from "../../evaluation/conclusions.ts";
import type { Ranking } from "../../evaluation/rows.ts";
import type { BudgetRow } from "../../evaluation/statistics.ts";
import { formatCount } from "../../support/format.ts";
import { budgetText, methodName } from "../names.ts";
import { html, type Markup, type Section, section } from "../page/markup.ts";

export const aboutRankings =
  "Students in the order of their mean accuracy on a set, against their order on all the data: Kendall's tau-b is 1 where both are the same, −1 where " +
  "one is the reverse of the other, and about 0 where they have nothing to do with each other. Of few students there are few pairs, and a " +
  "single one that turns moves tau far.";

/** "0.67", with the sign of a minus; "all tied" where one of the orders has no order. */
export const formatTau = ({ tau }: Ranking): string =>
  tau === undefined ? "all tied" : tau.toFixed(2).replace("-", "−");

/** "5 of 6". */
export const pairsAgreeing = ({ agreeing, pairs }: Ranking): string =>
  `${formatCount(agreeing)} of ${formatCount(pairs)}`;

/** The section on rankings; nothing with fewer than three students, or without rows of all the data. */
export const rankingSection = (report: { readonly rows: readonly BudgetRow[] }): Section | undefined => {
  const rankings = rankingsOf(report);
  if (rankings.length === 0) return undefined;
  const cells = (ranking: Ranking): Markup =>
    html`<tr><th scope="row">${methodName(ranking)}<small>${[budgetText(ranking) ?? [], `${ranking.labels} labels`].flat().join(", ")}</small></th>
<td class="number" data-title="students">${formatCount(ranking.students)}</td>
<td class="number" data-title="Kendall’s tau"><b>${formatTau(ranking)}</b></td>
<td class="number" data-title="pairs that agree">${pairsAgreeing(ranking)}</td></tr>
`;
  return section(
    "ranking",
    "Ranking of students",
    html`<p class="lead">${aboutRankings}</p>
<table class="accuracy"><thead><tr><th scope="col">set</th><th scope="col" class="number">students</th><th scope="col" class="number">Kendall’s tau</th><th scope="col" class="number">pairs that agree</th></tr></thead>
<tbody>${rankings.map(cells)}</tbody></table>`,
  );
};
