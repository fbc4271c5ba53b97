// A scatter plot of accuracy against bytes or steps.
import { formatBytes, formatCount, formatShort } from "../../support/format.ts";
import type { Mark } from "../methods.ts";
import { coordinate, html, type Markup } from "../page/markup.ts";
import type { Colour } from "./plot.ts";
import { halvingScale, logScale, niceScale, type Scale } from "./scale.ts";

/** One point of a scatter plot with its error bar. */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** Half the length of the error bar; absent with one seed. */
  readonly deviation?: number;
  readonly description: string;
}

/** Points of one method: every list is joined by a line of its own, in the order given. */
export interface ScatterSeries {
  readonly name: string;
  readonly colour: Colour;
  readonly mark: Mark;
  readonly lines: readonly (readonly ScatterPoint[])[];
}

/** A logarithmic horizontal axis: its scale from the least to the most value, and the text of a tick. */
export interface Across {
  readonly scale: (least: number, most: number) => Scale;
  readonly text: (value: number) => string;
}

export const acrossBytes: Across = {
  scale: (least, most) => {
    const margin = Math.max(1.15, (most / least) ** 0.06);
    return logScale(least / margin, most * margin);
  },
  text: formatBytes,
};

export const acrossSteps: Across = { scale: halvingScale, text: formatCount };

export interface Scatter {
  readonly title: string;
  readonly description: string;
  readonly across: Across;
  readonly series: readonly ScatterSeries[];
  /** A dashed line over the whole width, and what it is. */
  readonly reference?: { readonly y: number; readonly text: string; readonly colour: Colour };
}

/** Shapes of about equal area around (0, 0), in pixels. */
const shapes: Readonly<Record<Mark, Markup>> = {
  circle: html`<circle r="5" />`,
  square: html`<path d="M-4.5-4.5h9v9h-9z" />`,
  diamond: html`<path d="M0-6.3L6.3 0L0 6.3L-6.3 0z" />`,
  triangle: html`<path d="M0-6.2L6 4.6H-6z" />`,
  wedge: html`<path d="M0 6.2L6-4.6H-6z" />`,
  plus: html`<path d="M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z" />`,
  cross: html`<path d="M0-2.8L3.4-6.2L6.2-3.4L2.8 0L6.2 3.4L3.4 6.2L0 2.8L-3.4 6.2L-6.2 3.4L-2.8 0L-6.2-3.4L-3.4-6.2z" />`,
  star: html`<path d="M0-6.8L1.7-2.2L6.5-2.1L2.7.9L4 5.5L0 2.8L-4 5.5L-2.7.9L-6.5-2.1L-1.7-2.2z" />`,
};

const percent = (share: number): string => `${coordinate(share * 100)}%`;

/** A mark as it stands in the plots, to go before a name. */
export const markIcon = ({ colour, mark }: Pick<ScatterSeries, "colour" | "mark">): Markup =>
  html`<svg class="mark ${colour}" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">${shapes[mark]}</svg>`;

const keyOf = (series: ScatterSeries): Markup => html`<span class="key">${markIcon(series)}${series.name}</span>`;

const drawPoint = (
  { x, y, deviation = 0, description }: ScatterPoint,
  mark: Mark,
  across: Scale,
  up: Scale,
): Markup => {
  const left = percent(across.position(x));
  const at = (value: number): string => percent(1 - up.position(value));
  const bar =
    deviation > 0
      ? html`<line class="bar" x1="${left}" x2="${left}" y1="${at(y - deviation)}" y2="${at(y + deviation)}" />`
      : undefined;
  return html`${bar}<svg x="${left}" y="${at(y)}" overflow="visible"><g class="mean"><title>${description}</title>${shapes[mark]}</g></svg>`;
};

const drawSeries = ({ lines, colour, mark }: ScatterSeries, across: Scale, up: Scale): Markup => {
  const pairs = lines.flatMap((points) => points.slice(1).map((point, i) => [points[i]!, point]));
  const joins = pairs.map((pair) => {
    const ends = pair.map(({ x, y }) => [percent(across.position(x)), percent(1 - up.position(y))] as const);
    return html`<line class="join" x1="${ends[0]![0]}" y1="${ends[0]![1]}" x2="${ends[1]![0]}" y2="${ends[1]![1]}" />`;
  });
  return html`<g class="${colour}">${joins}${lines.flat().map((point) => drawPoint(point, mark, across, up))}</g>
`;
};

/**
 * Accuracy in per cent against what a logarithmic axis has. Places are per cent of the width and height, so that it stretches
 * with the page while marks and text keep their size. Nothing where there is no point.
 */
export const scatterPlot = ({ title, description, across, series, reference }: Scatter): Markup | undefined => {
  const points = series.flatMap(({ lines }) => lines.flat());
  if (points.length === 0) return undefined;
  const xs = points.map(({ x }) => x);
  const ys = points.flatMap(({ y, deviation = 0 }) => [y - deviation, y + deviation]);
  if (reference) ys.push(reference.y);
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  const x = across.scale(least, most);
  const up = niceScale(Math.min(...ys) - 0.5, Math.max(...ys) + 0.5, [0, 100]);
  const level = (tick: number): string => percent(1 - up.position(tick));
  return html`<figure class="panel scatter"><figcaption><strong>${title}</strong> <span class="quiet">log scale</span>
<span class="legend">${series.map(keyOf)}${reference ? html`<span class="key"><i class="dash ${reference.colour}"></i>${reference.text}</span>` : undefined}</span></figcaption>
<div class="plot"><div class="ys" aria-hidden="true">${up.ticks.map((tick) => html`<span style="top:${level(tick)}">${formatShort(tick)}</span>`)}</div>
<svg role="img" aria-label="${description}">
${up.ticks.map((tick) => html`<line class="grid" x1="0" x2="100%" y1="${level(tick)}" y2="${level(tick)}" />`)}
${reference ? html`<line class="reference ${reference.colour}" x1="0" x2="100%" y1="${level(reference.y)}" y2="${level(reference.y)}" />` : undefined}
${series.map((one) => drawSeries(one, x, up))}</svg>
<div class="xs" aria-hidden="true">${x.ticks.map((tick) => html`<span style="left:${percent(x.position(tick))}">${across.text(tick)}</span>`)}</div></div></figure>
`;
};
