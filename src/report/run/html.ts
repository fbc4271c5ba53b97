// A run's report as a page.
import type { GalleryItem, Report } from "../../evaluation/rows.ts";
import { comparedRows } from "../../evaluation/statistics.ts";
import { formatBytes, formatCount, formatSeconds, formatShare, plural } from "../../support/format.ts";
import { formatMean } from "../accuracies.ts";
import { curveSection } from "../charts/curves.ts";
import { courseSection } from "../comparison/course.ts";
import { nameOf, styleOf } from "../methods.ts";
import { html, type Markup, type Section, section, sectionList, unbroken } from "../page/markup.ts";
import { pageOf, type Tile, tileList } from "../page/page.ts";
import { classMap, classTable } from "../sections/classes.ts";
import { matrixOf, matrixTable } from "../sections/matrix.ts";
import { rankingSection } from "../sections/ranking.ts";
import { speedTable, speedWords } from "../sections/speed.ts";
import { useSection } from "../sections/use.ts";
import { accuracySection } from "./accuracy.ts";
import { conclusion } from "./conclusion.ts";
import { bytesSection, secondsSection } from "./costs.ts";
import { gallerySection } from "./gallery.ts";
import { provenanceSection, teacherSection } from "./provenance.ts";
import { bytesNeeded, describeSet, headlineRow, imagesInside } from "./summary.ts";

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

/** Says what the numbers above and below are of. */
const setting = (report: Report): string => {
  const chosen = headlineRow(report);
  if (chosen === undefined) return `${describeSet(report, "static")}.`;
  const { row, random } = chosen;
  const steps = random && random.steps !== row.steps ? `, but ${plural(random.steps, "step")}` : " and steps";
  const beside = random ? ` Random images had the same labels, augmentation${steps}.` : "";
  return `${describeSet(report, row.labels)}; ${row.labels} labels, ${plural(row.steps, "step")}.${beside}${speedWords(chosen)}`;
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
<h1>${unbroken(conclusion(report))}</h1>
<p class="lead">${unbroken(setting(report))}</p>
${tileList(tilesOf(report))}
<p class="quiet">${facts.join(" · ")}</p></header>
`;
};

const sectionsOf = (report: Report, gallery: readonly GalleryItem[]): readonly (Section | undefined)[] => {
  const rows = comparedRows(report);
  const student = (headlineRow(report) ?? rows[0])?.row.student;
  const matrix = matrixOf(report);
  const classes = classMap(
    report.data,
    rows.filter(({ row }) => row.student === student),
  );
  const soft = report.bytes.labels > 0;
  return [
    section("accuracy", "Accuracy", accuracySection(report, student)),
    matrix && section("students", "Other students", matrixTable(matrix)),
    report.set &&
      section(
        "use",
        "Use this set",
        useSection({ folder: report.set.folder, student: student ?? "resnet18", soft }, report.set.decoding),
      ),
    classes && section("classes", "Accuracy by class", classTable(classes)),
    courseSection({ rows: report.rows.filter((row) => row.student === student) }),
    rankingSection(report),
    section("teachers", "Teachers", teacherSection(report, [report.method])),
    section("curves", "Loss curves", curveSection(report)),
    section("gallery", "What is in the set", gallerySection(report, gallery)),
    section("bytes", "Bytes", bytesSection(report)),
    section("seconds", "Time", [
      speedTable(rows.filter(({ row }) => row.method === report.method)),
      secondsSection(report),
    ]),
    section("provenance", "How to get it again", provenanceSection(report)),
  ];
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
${sectionList(sectionsOf(report, gallery))}
</main><footer><p class="quiet">distillery ${report.distillery} · seed ${report.seed} · ${report.device}${total > 0 ? ` · ${formatSeconds(total)}` : ""}</p></footer>`;
  return pageOf(`Distillery report: ${report.data.name}`, body);
};
