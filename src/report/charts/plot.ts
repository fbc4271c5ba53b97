// Line panels and dot plots as SVG.
import { formatShort } from "../../support/format.ts";
import { coordinate, html, type Markup } from "../page/markup.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";

/** The palette's names; style.ts gives each a light and a dark value. */
export type Colour = "infer" | "random" | "full" | "a" | "b" | "c" | "d";

export interface Line {
  /** [x, y] in data units, x rising; a point that is not finite breaks the line. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: Colour;
  readonly weight: "light" | "strong";
  /** Shown when the line is pointed at. */
  readonly title: string;
}

export interface Panel {
  readonly title: string;
  /** The picture in words, for those who cannot see it. */
  readonly description: string;
  readonly lines: readonly Line[];
  readonly legend: readonly { readonly colour: Colour; readonly text: string }[];
  readonly note?: string;
}

/** A swatch and its text. */
export const legendEntry = (colour: string, text: string): Markup =>
  html`<span class="key"><i class="swatch ${colour}"></i>${text}</span>`;

/** Above this ratio of largest to smallest value the small ones vanish on a linear axis. */
const logRatio = 15;

const valueScale = (values: readonly number[]): { scale: Scale; log: boolean } => {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (low > 0 && high / low > logRatio) {
    const margin = (high / low) ** 0.04;
    return { scale: logScale(low / margin, high * margin), log: true };
  }
  const bottom = low >= 0 && low < high / 2 ? 0 : low - (high - low) * 0.05;
  return { scale: linearScale(bottom, high + (high - bottom) * 0.05), log: false };
};

/** The path of a line in a square of 1000 units, y downwards; pieces between breaks start anew. */
const pathOf = (line: Line, x: Scale, y: Scale): string => {
  let drawing = false;
  let path = "";
  for (const [at, value] of line.points) {
    const [px, py] = [x.position(at) * 1000, (1 - y.position(value)) * 1000];
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      drawing = false;
      continue;
    }
    path += `${drawing ? "L" : "M"}${Math.round(px)} ${Math.round(py)}`;
    drawing = true;
  }
  // A lone point would be invisible: a hair of a stroke with round caps makes it a dot.
  return line.points.length === 1 ? `${path}h1` : path;
};

/**
 * Lines over steps, as wide as the page allows: the drawing area is stretched, the lines' widths and all text are not
 * (ticks are HTML beside the SVG). The y axis is logarithmic where all values are positive and span more than a
 * factor of 15. Nothing where there is no finite point.
 */
export const linePanel = (panel: Panel): Markup | undefined => {
  const points = panel.lines
    .flatMap((line) => line.points)
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (points.length === 0) return undefined;
  const xs = points.map(([x]) => x);
  const last = xs.reduce((a, b) => Math.max(a, b), 0);
  const x = linearScale(Math.min(0, xs[0]!), Math.max(last, 1), 4);
  const { scale: y, log } = valueScale(points.map(([, value]) => value));
  const percent = (share: number): string => `${coordinate(share * 100)}%`;
  const ordered = [...panel.lines].sort((a, b) => Number(a.weight === "strong") - Number(b.weight === "strong"));
  const levels = y.ticks.map((tick) => coordinate((1 - y.position(tick)) * 1000));
  return html`<figure class="panel"><figcaption><strong>${panel.title}</strong>${log ? html` <span class="quiet">log scale</span>` : undefined}
<span class="legend">${panel.legend.map(({ colour, text }) => legendEntry(colour, text))}</span></figcaption>
<div class="plot"><div class="ys" aria-hidden="true">${y.ticks.map((tick) => html`<span style="top:${percent(1 - y.position(tick))}">${formatShort(tick)}</span>`)}</div>
<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" aria-label="${panel.description}">
${levels.map((level) => html`<path class="grid" d="M0 ${level}H1000" />`)}
${ordered.map((line) => html`<path class="line ${line.weight} ${line.colour}" d="${pathOf(line, x, y)}"><title>${line.title}</title></path>\n`)}</svg>
<div class="xs" aria-hidden="true">${x.ticks.map((tick) => html`<span style="left:${percent(x.position(tick))}">${formatShort(tick)}</span>`)}</div></div>
${panel.note ? html`<p class="quiet note">${panel.note}</p>` : undefined}</figure>
`;
};

export interface Dot {
  readonly mean: number;
  /** Half the length of the error bar; absent with one seed. */
  readonly deviation?: number;
  readonly values: readonly number[];
  readonly colour: Colour;
  readonly description: string;
}

const errorBar = (from: string, to: string, colour: Colour): Markup =>
  html`<line class="bar ${colour}" x1="${from}" x2="${to}" y1="17" y2="17" />${[from, to].map((end) => html`<line class="bar ${colour}" x1="${end}" x2="${end}" y1="10.5" y2="23.5" />`)}`;

/**
 * One row of a dot plot: mean with error bar, every seed as a ring below it, a dashed line at the reference. Drawn in
 * per cent of the width and pixels of height, so that it stretches without distorting.
 */
export const dotStrip = (dot: Dot, scale: Scale, reference: number | undefined): Markup => {
  const at = (value: number): string => `${coordinate(scale.position(value) * 100)}%`;
  const { deviation = 0 } = dot;
  return html`<svg class="strip" width="100%" height="44" role="img" aria-label="${dot.description}"><title>${dot.description}</title>
${scale.ticks.map((tick) => html`<line class="grid" x1="${at(tick)}" x2="${at(tick)}" y1="0" y2="44" />`)}
${reference === undefined ? undefined : html`<line class="reference" x1="${at(reference)}" x2="${at(reference)}" y1="0" y2="44" />`}
${deviation > 0 ? errorBar(at(dot.mean - deviation), at(dot.mean + deviation), dot.colour) : undefined}
<circle class="mean ${dot.colour}" cx="${at(dot.mean)}" cy="17" r="4.5" />
${dot.values.length > 1 ? dot.values.map((value) => html`<circle class="seed ${dot.colour}" cx="${at(value)}" cy="33" r="3" />`) : undefined}
</svg>`;
};

/** The tick labels below a dot plot; the last one carries the unit. */
export const axis = (scale: Scale, unit: string): Markup =>
  html`<div class="axis" aria-hidden="true">${scale.ticks.map((tick, i) => html`<span style="left:${coordinate(scale.position(tick) * 100)}%">${formatShort(tick)}${i === scale.ticks.length - 1 ? unit : ""}</span>`)}</div>`;
