// A table's cell for the difference of two accuracies.
import type { Difference } from "../../evaluation/statistics.ts";
import { formatSigned } from "../../support/format.ts";
import { formatInterval, verdictWords } from "../accuracies.ts";
import { html, type Markup } from "../page/markup.ts";

/** `named`: the verdict is said in words, also where it is clear. */
export const differenceCell = (difference: Difference | undefined, title: string, named: boolean): Markup => {
  if (!difference) return html`<td class="number none" data-title="${title}">–</td>`;
  const { delta, interval, verdict } = difference;
  const word =
    named || verdict === "unclear" ? html`<span class="verdict ${verdict}">${verdictWords[verdict]}</span>` : undefined;
  const range = interval ? formatInterval(interval) : undefined;
  const below = word || range ? html`<small>${word}${word && range ? ", " : undefined}${range}</small>` : undefined;
  return html`<td class="number" data-title="${title}"><div><b>${formatSigned(delta)}</b>${below}</div></td>`;
};
