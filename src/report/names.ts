// Names of sets in the tables of a page.
import type { LabelledSet } from "../evaluation/rows.ts";
import { plural } from "../support/format.ts";
import { markIcon } from "./charts/scatter.ts";
import { type NamedMethod, nameOf, styleOf } from "./methods.ts";
import { html, type Markup } from "./page/markup.ts";

/** The name of a row's method behind its mark. */
export const methodName = (one: NamedMethod): Markup =>
  html`<span class="name">${markIcon(styleOf(one.method))}${nameOf(one)}</span>`;

/** The budget of a row, which all the data and the rows of a run have not. */
export const budgetText = ({ ipc }: Pick<LabelledSet, "ipc">): string | undefined =>
  ipc === undefined ? undefined : `${plural(ipc, "image")} a class`;
