// Sections on the bytes of a set and the seconds of a run.
import type { Report } from "../../evaluation/rows.ts";
import { formatBytes, formatSeconds, formatShare } from "../../support/format.ts";
import { legendEntry } from "../charts/plot.ts";
import { coordinate, html, type Markup } from "../page/markup.ts";

const parts = [
  { key: "bases", name: "base images", colour: "infer" },
  { key: "compensators", name: "compensators", colour: "part-2" },
  { key: "labels", name: "labels", colour: "part-3" },
  { key: "manifest", name: "manifest, decoder", colour: "full" },
] as const;

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

const width = (part: number, whole: number): string => coordinate(100 * Math.min(1, share(part, whole)));

/** Two or three bars on one scale: what the set weighs beside the data, and beside the teachers dynamic labels need. */
const comparison = (report: Report): Markup => {
  const { bytes } = report;
  const bars = [
    { name: "this set", colour: "infer", bytes: bytes.total },
    ...(bytes.teachers > 0
      ? [{ name: "set and teachers", colour: "part-2", bytes: bytes.total + bytes.teachers }]
      : []),
    { name: "all the data", colour: "full", bytes: bytes.data },
  ];
  const longest = Math.max(...bars.map((bar) => bar.bytes));
  return html`<table class="bars"><caption>Beside the training images it was made from</caption><thead class="unseen"><tr><th scope="col">what</th><th scope="col">bytes</th><th scope="col">of the data</th><th scope="col">bar</th></tr></thead><tbody>
${bars.map(
  (
    bar,
  ) => html`<tr><th scope="row">${bar.name}</th><td class="number">${formatBytes(bar.bytes)}</td><td class="number quiet">${bytes.data > 0 ? formatShare(bar.bytes / bytes.data) : undefined}</td>
<td class="track" aria-hidden="true"><i class="${bar.colour}" style="width:${width(bar.bytes, longest)}%"></i></td></tr>`,
)}</tbody></table>`;
};

/** Bytes by part as one stacked bar with its numbers, beside the data's bytes. */
export const bytesSection = (report: Report): Markup => {
  const { bytes } = report;
  const described = parts.map(({ key, name }) => `${name} ${formatBytes(bytes[key])}`).join(", ");
  const dynamic =
    bytes.teachers > 0
      ? html`<p class="notice"><strong>Dynamic labels cost more than this set.</strong> They are computed by the teachers while a student trains, so using the set with dynamic labels takes the teachers’ weights as well: ${formatBytes(bytes.teachers)}, ${formatBytes(bytes.total + bytes.teachers)} in all. Static and hard labels need nothing but the set.</p>`
      : undefined;
  return html`<div class="stack" role="img" aria-label="Bytes by part: ${described}">${parts.map(({ key, name, colour }) => html`<i class="${colour}" style="flex-grow:${coordinate(1000 * share(bytes[key], bytes.total))}" title="${name}: ${formatBytes(bytes[key])}"></i>`)}</div>
<div class="columns"><table><caption>What the files of the set hold</caption><thead><tr><th scope="col">part</th><th scope="col" class="number">bytes</th><th scope="col" class="number">of the set</th></tr></thead><tbody>
${parts.map(({ key, name, colour }) => html`<tr><th scope="row">${legendEntry(colour, name)}</th><td class="number">${formatBytes(bytes[key])}</td><td class="number">${formatShare(share(bytes[key], bytes.total))}</td></tr>`)}
</tbody><tfoot><tr><th scope="row">total</th><td class="number">${formatBytes(bytes.total)}</td><td class="number"></td></tr></tfoot></table>
${comparison(report)}</div>
${dynamic}
<p class="quiet note">1 KB is 1000 bytes. The data is counted uncompressed: one byte a pixel and channel.</p>`;
};

/** Seconds by stage as bars on one scale, with their total. */
export const secondsSection = (report: Report): Markup => {
  const stages = Object.entries(report.seconds);
  if (stages.length === 0) return html`<p class="quiet">The stages were not timed.</p>`;
  const longest = Math.max(...stages.map(([, seconds]) => seconds));
  const total = stages.reduce((sum, [, seconds]) => sum + seconds, 0);
  return html`<table class="bars wide"><thead class="unseen"><tr><th scope="col">stage</th><th scope="col">time</th><th scope="col">of all</th><th scope="col">bar</th></tr></thead><tbody>
${stages.map(
  ([
    stage,
    seconds,
  ]) => html`<tr><th scope="row">${stage}</th><td class="number">${formatSeconds(seconds)}</td><td class="number quiet">${formatShare(share(seconds, total))}</td>
<td class="track" aria-hidden="true"><i class="infer" style="width:${width(seconds, longest)}%"></i></td></tr>`,
)}</tbody><tfoot><tr><th scope="row">total</th><td class="number">${formatSeconds(total)}</td><td></td><td></td></tr></tfoot></table>`;
};
