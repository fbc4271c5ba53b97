// A run's report as a page.
import type { GalleryItem, Report } from "../../evaluation/rows.ts";
import { formatBytes, formatCount, formatSeconds, formatShare, plural } from "../../support/format.ts";
import { accuracySection } from "../charts/accuracy.ts";
import { curveSection } from "../charts/curves.ts";
import { bytesSection, secondsSection } from "../comparison/costs.ts";
import { courseSection } from "../comparison/course.ts";
import { rankingSection } from "../comparison/ranking.ts";
import { nameOf, styleOf } from "../methods.ts";
import { html, type Markup, section, unbroken } from "../page/markup.ts";
import { pageOf, type Tile, tileList } from "../page/page.ts";
import { gallerySection } from "./gallery.ts";
import { provenanceSection, teacherSection } from "./provenance.ts";
import { bytesNeeded, formatMean, headline, headlineRow, imagesInside } from "./summary.ts";

const tilesOf = (report: Report): readonly Tile[] => {
  const chosen = headlineRow(report);
  const labels = chosen?.row.labels ?? "static";
  const needed = bytesNeeded(report, labels);
  const [amount = "", unit = ""] = formatBytes(needed).split(" ");
  const weight = labels === "dynamic" ? "set and teachers" : "on disk";
  const size = report.bytes.data > 0 ? `${weight}, ${formatShare(needed / report.bytes.data)} of the data` : weight;
  const accuracies = chosen
    ? [
        {
          row: chosen.row,
          colour: styleOf(chosen.row.method).colour,
          text: `${nameOf(chosen.row)}, ${chosen.row.labels} labels`,
        },
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

const opening = (report: Report): Markup => {
  const { data, budget } = report;
  const facts = [
    plural(data.classes, "class", "classes"),
    `${data.image.width} × ${data.image.height} pixels`,
    plural(data.train, "training image"),
    `${formatCount(budget.ipc)} per class as budget`,
    `${[
      plural(budget.bases * data.classes, "base"),
      ...(budget.compensators > 0 ? [plural(budget.compensators, "compensator")] : []),
    ].join(" and ")} make ${plural(budget.trainingImages, "training image")}`,
  ];
  return html`<header><p class="eyebrow">Distillery report · ${data.name}</p>
<h1>${unbroken(headline(report))}</h1>
${tileList(tilesOf(report))}
<p class="quiet">${facts.join(" · ")}</p></header>
`;
};

/**
 * The report as one HTML file that needs nothing else: style and pictures inline, no script, no request. It is also
 * well-formed XML. Names in the report and the gallery are escaped.
 */
export const renderReport = (report: Report, gallery: readonly GalleryItem[]): string => {
  const total = Object.values(report.seconds).reduce((sum, seconds) => sum + seconds, 0);
  const inside = imagesInside(report);
  const body = html`<main>${opening(report)}
<aside class="notice" aria-label="${inside.title}"><strong>${inside.title}.</strong> ${inside.text}</aside>
${section("accuracy", "Accuracy", accuracySection(report))}
${courseSection(report)}
${rankingSection(report)}
${section("teachers", "Teachers", teacherSection(report, [report.method]))}
${section("curves", "Loss curves", curveSection(report))}
${section("gallery", "What is in the set", gallerySection(report, gallery))}
${section("bytes", "Bytes", bytesSection(report))}
${section("seconds", "Time", secondsSection(report))}
${section("provenance", "How to get it again", provenanceSection(report))}
</main><footer><p class="quiet">distillery ${report.distillery} · seed ${report.seed} · ${report.device}${total > 0 ? ` · ${formatSeconds(total)}` : ""}</p></footer>`;
  return pageOf(`Distillery report: ${report.data.name}`, body);
};
