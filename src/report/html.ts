import { accuracySection } from "./accuracy.ts";
import { bytesSection, secondsSection } from "./costs.ts";
import { curveSection } from "./curves.ts";
import { formatBytes, formatCount, formatSeconds, formatShare, plural } from "./format.ts";
import { gallerySection } from "./gallery.ts";
import { html, type Markup, section, trusted, unbroken } from "./markup.ts";
import { provenanceSection, teacherSection } from "./provenance.ts";
import type { GalleryItem, Report } from "./report.ts";
import { style } from "./style.ts";
import { bytesNeeded, formatMean, headline, headlineRow, naturalImages } from "./summary.ts";

/** Nothing but the page itself may be loaded: no script, no font, no request, whatever a name may contain. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

interface Tile {
  readonly figure: string;
  readonly unit: string;
  readonly text: string;
  readonly colour: string;
}

const tilesOf = (report: Report): readonly Tile[] => {
  const chosen = headlineRow(report);
  const labels = chosen?.row.labels ?? "static";
  const needed = bytesNeeded(report, labels);
  const [amount = "", unit = ""] = formatBytes(needed).split(" ");
  const weight = labels === "dynamic" ? "set and teachers" : "on disk";
  const size = report.bytes.data > 0 ? `${weight}, ${formatShare(needed / report.bytes.data)} of the data` : weight;
  const accuracies = chosen
    ? [
        { row: chosen.row, colour: "infer", text: `INFER, ${chosen.row.labels} labels` },
        ...(chosen.random
          ? [{ row: chosen.random, colour: "random", text: `random images, ${chosen.random.labels} labels` }]
          : []),
        ...(chosen.full ? [{ row: chosen.full, colour: "full", text: "all the data" }] : []),
      ]
    : [];
  return [
    ...accuracies.map(({ row, colour, text }) => ({ figure: formatMean(row.accuracy), unit: "%", text, colour })),
    { figure: amount, unit, text: size, colour: "plain" },
  ];
};

const tile = ({ figure, unit, text, colour }: Tile): Markup =>
  html`<div class="tile ${colour}"><dt>${text}</dt><dd>${figure}<span> ${unit}</span></dd></div>`;

const opening = (report: Report): Markup => {
  const { data, budget } = report;
  const facts = [
    plural(data.classes, "class", "classes"),
    `${data.image.width} × ${data.image.height} pixels`,
    plural(data.train, "training image"),
    `${formatCount(budget.ipc)} per class as budget`,
    `${plural(budget.bases * data.classes, "base")} and ${plural(budget.compensators, "compensator")} make ${plural(budget.trainingImages, "training image")}`,
  ];
  return html`<header><p class="eyebrow">Distillery report · ${data.name}</p>
<h1>${unbroken(headline(report))}</h1>
<dl class="tiles">${tilesOf(report).map(tile)}</dl>
<p class="quiet">${facts.join(" · ")}</p></header>
`;
};

/**
 * The report as one HTML file that needs nothing else: style and pictures inline, no script, no request. It is also
 * well-formed XML. Names in the report and the gallery are escaped.
 */
export const renderReport = (report: Report, gallery: readonly GalleryItem[]): string => {
  const total = Object.values(report.seconds).reduce((sum, seconds) => sum + seconds, 0);
  const page = html`<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="${policy}" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>Distillery report: ${report.data.name}</title>
<link rel="icon" href="data:image/png;base64," />
<style>${trusted(style)}</style></head>
<body><main>${opening(report)}
<aside class="notice" aria-label="Natural images inside"><strong>Natural images inside.</strong> ${naturalImages(report)}</aside>
${section("accuracy", "Accuracy", accuracySection(report))}
${section("teachers", "Teachers", teacherSection(report))}
${section("curves", "Loss curves", curveSection(report))}
${section("gallery", "What is in the set", gallerySection(report, gallery))}
${section("bytes", "Bytes", bytesSection(report))}
${section("seconds", "Time", secondsSection(report))}
${section("provenance", "How to get it again", provenanceSection(report))}
</main><footer><p class="quiet">distillery ${report.distillery} · seed ${report.seed} · ${report.device}${total > 0 ? ` · ${formatSeconds(total)}` : ""}</p></footer></body></html>
`;
  return page.source;
};
