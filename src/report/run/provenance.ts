// Sections on the teachers and on everything needed to run it again.
import { stringify } from "yaml";
import { findMethod } from "../../distill/registry.ts";
import type { Report, TeacherRow } from "../../evaluation/rows.ts";
import { formatBytes, formatCount, formatTenth, listed, plural } from "../../support/format.ts";
import { teacherColour } from "../charts/curves.ts";
import { fullName } from "../named-class.ts";
import { html, type Markup } from "../page/markup.ts";

/** Digits of a hash that are printed; the whole hash is in its hover text and in report.json. */
const hashDigits = 12;

/** Least images: of fewer, an accuracy near 50 % has a standard error above 5 points. */
const fewImages = 100;

/** Accuracy by several views of each image, beside the plain one. */
const views = ({ accuracyViews }: TeacherRow): Markup =>
  accuracyViews === undefined ? html`` : html` <span class="quiet">${formatTenth(accuracyViews)} by six views</span>`;

/** Says which of some methods make images by teachers. */
const useOf = (methods: readonly string[]): string => {
  const taught = [...new Set(methods)].flatMap((name) => {
    const method = findMethod(name);
    return method === undefined || method.needs.teachers === "none" ? [] : [method.title];
  });
  return taught.length === 0
    ? ""
    : ` ${listed(taught)} ${taught.length === 1 ? "makes its" : "make their"} sets by them.`;
};

/** The teachers of a run, and what some methods had them for. */
export const teacherSection = (report: Pick<Report, "teachers" | "data">, methods: readonly string[]): Markup => {
  if (report.teachers.length === 0) return html`<p class="quiet">This run had no teachers.</p>`;
  const tableOfThem = html`<table class="accuracy">
<thead><tr><th scope="col">teacher</th><th scope="col" class="number">test, %</th><th scope="col" class="number">validation, %</th><th scope="col" class="number">epochs</th><th scope="col" class="number">parameters</th><th scope="col" class="number">weights</th><th scope="col">sha256</th></tr></thead><tbody>
${report.teachers.map(
  (teacher, i) =>
    html`<tr><th scope="row"><span class="name"><i class="swatch ${teacherColour(i)}"></i>${teacher.architecture}</span></th><td class="number" data-title="test, %"><b>${formatTenth(teacher.accuracy)}</b>${views(teacher)}</td><td class="number" data-title="validation, %">${formatTenth(teacher.validationAccuracy)}</td><td class="number" data-title="epochs">${formatCount(teacher.epochs ?? Number.NaN)}</td><td class="number" data-title="parameters">${formatCount(teacher.parameters)}</td><td class="number" data-title="weights">${formatBytes(teacher.bytes)}</td><td data-title="sha256"><code title="${teacher.sha256}">${teacher.sha256.slice(0, hashDigits)}</code></td></tr>`,
)}</tbody></table>`;
  const elsewhere = report.teachers.some(({ epochs }) => epochs === undefined)
    ? " Those whose epochs are unknown were trained by another program; their accuracies were measured here."
    : "";
  const { test, validation } = report.data;
  const seen = ` Test accuracies rest on ${plural(test, "image")}, those of validation on ${formatCount(validation)}${validation < fewImages && validation > 0 ? ", too few for more than a rough idea" : ""}.`;
  return html`<p class="lead">Networks trained on all the data, after their last epoch.${elsewhere}${useOf(methods)} The soft labels are the mean of their logits.${seen}</p>
${tableOfThem}`;
};

const classList = ({ classNames, classWords }: Report["data"]): string =>
  classWords === undefined
    ? classNames.join(", ")
    : classNames.map((className, c) => fullName({ className, words: classWords[c] ?? className })).join("; ");

/** Everything needed to run it again: recipe, seed, machine, version, data. Folded away until asked for. */
export const provenanceSection = (
  report: Pick<Report, "data" | "hardware" | "seed" | "device" | "distillery" | "recipe" | "best">,
): Markup => {
  const { data, hardware } = report;
  const skipped = data.skipped > 0 ? `; ${plural(data.skipped, "unreadable file")} skipped` : "";
  const ignored = data.ignored > 0 ? `; ${plural(data.ignored, "other file")} ignored` : "";
  const facts: readonly (readonly [string, string])[] = [
    [
      "data",
      `${data.name}, ${data.image.width} × ${data.image.height} pixels, ${plural(data.classes, "class", "classes")}`,
    ],
    [
      "images",
      `${formatCount(data.train)} training, ${formatCount(data.validation)} validation, ${formatCount(data.test)} test${skipped}${ignored}`,
    ],
    ["classes", classList(data)],
    ...(report.best === undefined ? [] : [["method", report.best] as const]),
    ["seed", String(report.seed)],
    ["device", report.device],
    ["hardware", `${hardware.cpu}, ${plural(hardware.cores, "core")}, ${formatTenth(hardware.memoryGiB)} GiB memory`],
    ["program", `distillery ${report.distillery}`],
  ];
  return html`<details><summary>Recipe, seed and hardware</summary>
<dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<h3>Recipe</h3>
<pre tabindex="0" aria-label="Recipe as YAML"><code>${stringify(report.recipe)}</code></pre></details>
`;
};
