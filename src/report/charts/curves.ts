// Loss curves of teachers, sets and students.
import type { Curve, Report } from "../../evaluation/rows.ts";
import { formatCount, plural } from "../../support/format.ts";
import { nameOf, styleOf } from "../methods.ts";
import { html, type Markup } from "../page/markup.ts";
import { type Colour, type Line, linePanel, type Panel } from "./plot.ts";

/** Points a drawn line keeps; longer curves are averaged over equal stretches of steps. */
const resolution = 160;
/** Light lines a panel draws; with hundreds of compensators more would only blacken it and swell the file. */
const mostLines = 48;

const seriesNames: Readonly<Record<string, string>> = {
  loss: "loss",
  crossEntropy: "cross-entropy",
  statistics: "distance to the BatchNorm statistics",
  distance: "distance of features",
  accuracy: "accuracy, %",
  validationAccuracy: "validation accuracy, %",
};

/** A series in a grid of `resolution` stretches up to `last` steps: mean step and mean value, undefined where empty. */
type Stretches = readonly (readonly [x: number, y: number] | undefined)[];

const stretchesOf = (curve: Curve, series: string, last: number): Stretches => {
  const values = curve.series[series] ?? [];
  const sums = Array.from({ length: resolution }, () => ({ x: 0, y: 0, n: 0 }));
  for (const [i, x] of curve.steps.entries()) {
    const y = values[i];
    // A loss that is not finite arrives as null once the report has been through JSON.
    if (typeof y !== "number" || !Number.isFinite(y) || !Number.isFinite(x)) continue;
    const sum = sums[Math.max(0, Math.min(resolution - 1, Math.floor((x / Math.max(last, 1)) * resolution)))]!;
    sum.x += x;
    sum.y += y;
    sum.n += 1;
  }
  return sums.map(({ x, y, n }) => (n === 0 ? undefined : ([x / n, y / n] as const)));
};

const middle = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** The median of several series, stretch by stretch. */
const medianOf = (all: readonly Stretches[]): Stretches =>
  Array.from({ length: resolution }, (_, i) => {
    const points = all.flatMap((stretches) => (stretches[i] ? [stretches[i]] : []));
    return points.length === 0
      ? undefined
      : ([middle(points.map((p) => p[0])), middle(points.map((p) => p[1]))] as const);
  });

const isPoint = (point: Stretches[number]): point is readonly [number, number] => point !== undefined;

interface Bundle {
  readonly name: string;
  readonly colour: Colour;
  readonly curves: readonly Curve[];
}

/** Each bundle of curves as light lines below their strong median; a bundle of one is one strong line. */
const bundleLines = (bundle: Bundle, series: string, last: number): Line[] => {
  const all = bundle.curves.map((curve) => stretchesOf(curve, series, last));
  const line = (stretches: Stretches, weight: Line["weight"], title: string): Line => ({
    points: stretches.filter(isPoint),
    colour: bundle.colour,
    weight,
    title,
  });
  if (all.length === 1) return [line(all[0]!, "strong", bundle.name)];
  const every = Math.ceil(all.length / mostLines);
  return [
    ...all.flatMap((stretches, i) => (i % every === 0 ? [line(stretches, "light", bundle.curves[i]!.name)] : [])),
    line(medianOf(all), "strong", `${bundle.name}, median of ${all.length}`),
  ];
};

/** One panel for every series that any of the curves has. */
const panelsOf = (title: string, bundles: readonly Bundle[]): Markup[] => {
  const curves = bundles.flatMap((bundle) => bundle.curves);
  const names = [...new Set(curves.flatMap((curve) => Object.keys(curve.series)))];
  const last = curves.reduce((a, curve) => Math.max(a, curve.steps.at(-1) ?? 0), 0);
  return names.flatMap((series) => {
    const lines = bundles.flatMap((bundle) => bundleLines(bundle, series, last));
    const thinned = bundles.find((bundle) => bundle.curves.length > mostLines);
    const note =
      thinned &&
      `Of ${formatCount(thinned.curves.length)} thin lines one in ${Math.ceil(thinned.curves.length / mostLines)} is drawn; the median is of all.`;
    const heading = `${title}: ${seriesNames[series] ?? series}`;
    const panel: Panel = {
      title: heading,
      description: `${heading} over ${plural(last, "step")}; ${bundles.map((b) => `${b.name}, ${plural(b.curves.length, "line")}`).join("; ")}.`,
      lines,
      legend: bundles.map(({ colour, name }) => ({ colour, text: name })),
      ...(note ? { note } : {}),
    };
    return linePanel(panel) ?? [];
  });
};

const teacherColours = ["a", "b", "c", "d"] as const;

/** A colour for the i-th teacher, the same in its table and in its curve. */
export const teacherColour = (index: number): Colour => teacherColours[index % teacherColours.length]!;

/** Teachers that were not trained here have no curve; the others keep the colours of their places. */
const teacherPanels = (curves: readonly Curve[]): Markup[] => {
  const bundles = curves.map((curve, i) => ({ name: curve.name, colour: teacherColour(i), curves: [curve] }));
  return panelsOf(
    "Teachers",
    bundles.filter(({ curves: [curve] }) => curve!.steps.length > 0),
  );
};

const setPanels = ({ method, curves }: Report): Markup[] => {
  const own = curves.filter(({ group }) => group === "set");
  const { name, colour } = styleOf(method);
  return own.length === 0
    ? []
    : panelsOf("The set", [{ name: `${name}, ${plural(own.length, "loop")}`, colour, curves: own }]);
};

/** Losses under different labels are different quantities, so each kind of label and student has its own panel. */
const studentPanels = (curves: readonly Curve[]): Markup[] => {
  const known = curves.flatMap((curve) => (curve.of === undefined ? [] : [{ curve, ...curve.of }]));
  const titles = [...new Set(known.map(({ labels, student }) => `${student}, ${labels} labels`))];
  return titles.flatMap((title) => {
    const members = known.filter(({ labels, student }) => `${student}, ${labels} labels` === title);
    const methods = [...new Set(members.map(({ method }) => method))];
    return panelsOf(
      title,
      methods.map((method) => ({
        name: nameOf({ method }),
        colour: styleOf(method).colour,
        curves: members.filter((member) => member.method === method).map(({ curve }) => curve),
      })),
    );
  });
};

/** Loss curves of teachers, of the set and of students. Says so where a run kept none. */
export const curveSection = (report: Report): Markup => {
  const of = (group: Curve["group"]): Curve[] => report.curves.filter((curve) => curve.group === group);
  const panels = [...teacherPanels(of("teacher")), ...setPanels(report), ...studentPanels(of("student"))];
  if (panels.length === 0) return html`<p class="quiet">This run kept no loss curves.</p>`;
  return html`<p class="lead">Horizontal axis: optimisation steps. Thin lines are single runs, the strong line is their median. Long curves are averaged over ${resolution} equal stretches.</p>
<div class="panels">${panels}</div>`;
};
