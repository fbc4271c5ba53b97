// A comparison as a page.
import { baseline, methods } from "../../distill/registry.ts";
import type { ComparedSet, Comparison, ComparisonRow } from "../../evaluation/comparison.ts";
import { allData } from "../../evaluation/rows.ts";
import { measured } from "../../evaluation/statistics.ts";
import { formatBytes, formatCount, formatSeconds, formatTenth, plural } from "../../support/format.ts";
import { formatAccuracy, formatMean } from "../accuracies.ts";
import { acrossBytes, type ScatterPoint, type ScatterSeries, scatterPlot } from "../charts/scatter.ts";
import { nameOf, styleOf } from "../methods.ts";
import { budgetText, methodName } from "../names.ts";
import { html, type Markup, type Section, scrolling, section, sectionList, unbroken } from "../page/markup.ts";
import { pageOf, type Tile, tileList } from "../page/page.ts";
import { provenanceSection, teacherSection } from "../run/provenance.ts";
import { classMap, classTable } from "../sections/classes.ts";
import { differenceCell } from "../sections/difference.ts";
import { matrixOf, matrixTable } from "../sections/matrix.ts";
import { rankingSection } from "../sections/ranking.ts";
import { retainedTable } from "../sections/retained.ts";
import { speedTable } from "../sections/speed.ts";
import { useSection } from "../sections/use.ts";
import { courseSection } from "./course.ts";
import {
  ablated,
  type ComparedSetRow,
  comparisonConclusion,
  comparisonHeadline,
  comparisonJudgements,
  firstRows,
  ruleOfIterations,
  ruleOfMemory,
  rulesOfComparison,
  type Table,
  tablesOf,
  unfinished,
} from "./summary.ts";
import { usedSet } from "./used-set.ts";

const rowCells = ({ row, toRandom, toFull }: ComparedSetRow): Markup => {
  const { values } = row.accuracy;
  const seeds = values.length > 1 ? values.map(formatTenth).join(", ") : values.length === 1 ? "one seed" : undefined;
  return html`<tr><th scope="row">${methodName(row)}<small>${budgetText(row)}</small></th>
<td class="number" data-title="images">${formatCount(row.images)}</td>
<td class="number" data-title="steps">${formatCount(row.steps)}</td>
<td class="number" data-title="accuracy, %"><div><b>${formatMean(row.accuracy)}</b>${seeds ? html`<small>${seeds}</small>` : undefined}</div></td>
${differenceCell(toRandom, "vs random images", true)}
${differenceCell(toFull, "vs all the data", false)}
<td class="number" data-title="bytes">${formatBytes(row.bytes)}</td></tr>
`;
};

const accuracyTable = ({ labels, student, rows }: Table): Markup =>
  html`<table class="accuracy"><caption>${student}, ${labels} labels: mean ± standard deviation after the last step, below it every seed. Differences in percentage points with their 95 % interval, against random images of the same budget and against all the data with hard labels.</caption>
<thead><tr><th scope="col">trained on</th><th scope="col" class="number">images</th><th scope="col" class="number">steps</th><th scope="col" class="number">accuracy, %</th><th scope="col" class="number">vs random images</th><th scope="col" class="number">vs all the data</th><th scope="col" class="number">bytes</th></tr></thead>
<tbody>${rows.map(rowCells)}</tbody></table>`;

/** Bytes by which rows are placed; undefined for a row that has no place. */
type Weigh = (row: ComparisonRow) => number | undefined;

const pointsOf = (rows: readonly ComparisonRow[], weigh: Weigh): ScatterPoint[] =>
  rows.flatMap((row) => {
    const x = weigh(row);
    return x === undefined
      ? []
      : {
          x,
          y: row.accuracy.mean,
          ...(row.accuracy.values.length > 1 && { deviation: row.accuracy.std }),
          description: `${nameOf(row)}, ${budgetText(row) ?? ""}, ${formatBytes(x)}: ${formatAccuracy(row.accuracy)}`,
        };
  });

const byX = (a: ScatterPoint, b: ScatterPoint): number => a.x - b.x;

/** A series for each method; `lines` says which of its rows are joined. */
const seriesOf = (
  rows: readonly ComparisonRow[],
  lines: (own: readonly ComparisonRow[]) => readonly (readonly ComparisonRow[])[],
  weigh: Weigh,
): readonly ScatterSeries[] => {
  const shown = rows.filter((row) => row.method !== allData && measured(row));
  return [...new Set(shown.map((row) => row.method))].map((method) => ({
    name: nameOf({ method }),
    colour: styleOf(method).colour,
    mark: styleOf(method).mark,
    lines: lines(shown.filter((row) => row.method === method)).map((line) => pointsOf(line, weigh).sort(byX)),
  }));
};

const grouped = <T>(rows: readonly ComparisonRow[], key: (row: ComparisonRow) => T): readonly ComparisonRow[][] =>
  [...new Set(rows.map(key))].map((value) => rows.filter((row) => key(row) === value));

/** Accuracy against the bytes of sets. Budgets of a method are joined, not what differs in more than the budget. */
const setPlot = ({ labels, student, rows }: Table): Markup | undefined => {
  const full = rows.map(({ row }) => row).find((row) => row.method === allData && measured(row));
  return scatterPlot({
    title: `${student}, ${labels} labels: test accuracy, %, against bytes`,
    description: `Test accuracy of ${student} with ${labels} labels against the bytes of the sets; the numbers are in the table below.`,
    across: acrossBytes,
    series: seriesOf(
      rows.map(({ row }) => row),
      (own) => grouped(own, ({ variant }) => variant),
      ({ bytes }) => bytes,
    ),
    ...(full && {
      reference: { y: full.accuracy.mean, text: `all the data, ${formatBytes(full.bytes)}`, colour: "full" },
    }),
  });
};

/**
 * Accuracy against the bytes of labels alone, where sets differ in nothing else that is stored: these sets, joined. Nothing
 * where there are none.
 */
const labelPlot = (sets: readonly ComparedSet[], { labels, student, rows }: Table): Markup | undefined => {
  if (labels !== "static") return undefined;
  const setOf = ({ method, ipc, variant }: ComparisonRow): ComparedSet | undefined =>
    sets.find((set) => set.method === method && set.ipc === ipc && set.variant === variant);
  const labelBytes = (row: ComparisonRow): number | undefined => setOf(row)?.bytes.labels;
  const rest = (row: ComparisonRow): string => {
    const set = setOf(row);
    return JSON.stringify([row.ipc, set?.bytes.bases, set?.bytes.compensators]);
  };
  const series = seriesOf(
    rows.map(({ row }) => row),
    (own) => grouped(own, rest).filter((line) => new Set(line.map(labelBytes)).size > 1),
    labelBytes,
  );
  return scatterPlot({
    title: `${student}: test accuracy, %, against bytes of labels`,
    description: `Test accuracy of ${student} against the bytes of the labels, of sets that differ in nothing else; the numbers are in the tables below.`,
    across: acrossBytes,
    series: series.filter(({ lines }) => lines.length > 0),
  });
};

const titles = {
  static: "Static labels, stored with the set",
  dynamic: "Dynamic labels, teachers at hand",
  hard: "Hard labels",
} as const;

/** One section for each kind of labels: plots and a table for every student. */
const accuracySections = (sets: readonly ComparedSet[], tables: readonly Table[]): Section[] =>
  [...new Set(tables.map(({ labels }) => labels))].map((kind) =>
    section(
      `accuracy-${kind}`,
      titles[kind],
      tables
        .filter(({ labels }) => labels === kind)
        .map((table) => [setPlot(table), labelPlot(sets, table), accuracyTable(table)]),
    ),
  );

const costCells = (set: ComparedSet): Markup => {
  const { bytes, budget, iterations, seconds, peakMemory } = set;
  return html`<tr><th scope="row">${methodName(set)}<small>${budgetText(set)}</small></th>
<td class="number">${formatCount(budget.trainingImages)}</td>
${([bytes.bases, bytes.compensators, bytes.labels, bytes.manifest] as const).map((part) => html`<td class="number">${formatBytes(part)}</td>`)}
<td class="number"><b>${formatBytes(bytes.total)}</b></td>
<td class="number">${iterations === undefined ? undefined : formatCount(iterations)}</td>
<td class="number">${seconds === undefined ? undefined : formatSeconds(seconds)}</td>
<td class="number">${peakMemory ? html`<span title="${peakMemory.by}">${formatBytes(peakMemory.bytes)}</span>` : undefined}</td></tr>
`;
};

const costSection = (comparison: Comparison): Markup => {
  const { sets, seconds, bytes } = comparison;
  const shared = Object.entries(seconds).map(([stage, spent]) => `${stage} ${formatSeconds(spent)}`);
  const ways = new Map<string, Set<string>>();
  for (const set of sets) {
    const way = `Labels ${set.labels}, compensators ${set.compensators}`;
    ways.set(way, (ways.get(way) ?? new Set()).add(nameOf(set)));
  }
  const stored = [...ways].map(([way, names]) => `${way}: ${[...names].join(", ")}`);
  return html`${scrolling(
    "What the sets weigh and took",
    html`<table><thead><tr><th scope="col">set</th><th scope="col" class="number">images</th><th scope="col" class="number">bases</th><th scope="col" class="number">compensators</th><th scope="col" class="number">labels</th><th scope="col" class="number">manifest</th><th scope="col" class="number">total</th><th scope="col" class="number">iterations</th><th scope="col" class="number">made in</th><th scope="col" class="number">peak memory</th></tr></thead>
<tbody>${sets.map(costCells)}</tbody></table>`,
  )}
<p class="quiet note">${ruleOfIterations} ${ruleOfMemory(comparison)} Shared by all sets: ${shared.join(", ") || "not timed"}; the teachers’ weights, ${formatBytes(bytes.teachers)}, are charged to dynamic labels; all the data is ${formatBytes(bytes.data)}.</p>
<p class="quiet note">${stored.join(". ")}.</p>`;
};

/**
 * The highest set, the method that a comparison is about, its rivals and all the data in the first table; or the first method.
 */
const tilesOf = (tables: readonly Table[]): readonly Tile[] => {
  const rows = (tables[0]?.rows ?? []).map(({ row }) => row).filter(measured);
  const ipc = rows[0]?.ipc;
  const at = (method: ComparisonRow["method"]): ComparisonRow | undefined =>
    rows.find((row) => row.method === method && row.variant === undefined && (row.ipc === ipc || method === allData));
  const about = ablated(rows);
  const copies = methods.filter(({ ablates, copies: u0 }) => u0 === true && ablates === about?.name);
  const sets = rows.filter((row) => row.method !== allData && row.ipc === ipc);
  const best = sets.toSorted((a, b) => b.accuracy.mean - a.accuracy.mean)[0];
  const chosen = [
    best,
    about === undefined ? rows[0] : at(about.name),
    at(baseline.name),
    ...copies.map(({ name }) => at(name)),
    at(allData),
  ];
  return [...new Set(chosen)].flatMap((row) =>
    row === undefined
      ? []
      : [
          {
            figure: formatMean(row.accuracy),
            unit: "%",
            text: `${nameOf(row)}, ${row.labels} labels`,
            colour: styleOf(row.method).colour,
          },
        ],
  );
};

const opening = (comparison: Comparison, tables: readonly Table[]): Markup => {
  const { data, sets } = comparison;
  const open = unfinished(comparison);
  const facts = [
    plural(data.classes, "class", "classes"),
    `${data.image.width} × ${data.image.height} pixels`,
    plural(data.train, "training image"),
    plural(new Set(sets.map(({ method }) => method)).size, "method"),
    plural(sets.length, "set"),
  ];
  return html`<header><p class="eyebrow">Distillery comparison · ${data.name}</p>
<h1>${unbroken(comparisonConclusion(comparison))}</h1>
<p class="lead">${unbroken(comparisonHeadline(comparison))}</p>
${tileList(tilesOf(tables))}
<p class="quiet">${facts.join(" · ")}</p></header>
${open === undefined ? undefined : html`<aside class="notice" aria-label="Not finished">${open}</aside>`}
`;
};

/** Verdicts on the first student behind the first one, which is the heading's; those on others are in the matrix. */
const judgementSection = (comparison: Comparison, student: string | undefined): Markup => {
  const chance =
    comparison.data.classes > 0 ? `Guessing would reach ${formatTenth(100 / comparison.data.classes)} %. ` : "";
  return html`<ul class="judgements">${comparisonJudgements(comparison, student)
    .slice(1)
    .map((sentence) => html`<li>${unbroken(sentence)}</li>`)}</ul>
<p class="quiet note">${chance}The test set has ${plural(comparison.data.test, "image")} and is read after the last step, which counts, and at marks on the way, by which nothing is chosen. ${rulesOfComparison(comparison)}</p>`;
};

const sectionsOf = (comparison: Comparison, tables: readonly Table[]): readonly (Section | undefined)[] => {
  const { data, sets } = comparison;
  const [first] = tables;
  const matrix = matrixOf(comparison);
  const used = usedSet(comparison);
  const cited = retainedTable(comparison.rows, first?.student);
  const classes = classMap(data, firstRows(comparison));
  const teachers = teacherSection(
    comparison,
    sets.map(({ method }) => method),
  );
  return [
    section("verdicts", "In words", judgementSection(comparison, first?.student)),
    matrix && section("students", "Students from one set", matrixTable(matrix)),
    ...accuracySections(sets, tables),
    used && section("use", "Use a set", useSection(used, "")),
    classes && section("classes", "Accuracy by class", classTable(classes)),
    courseSection(comparison),
    rankingSection(comparison),
    cited && section("cited", "Numbers that papers cite", cited),
    section("costs", "Bytes, time and memory", [costSection(comparison), first && speedTable(first.rows)]),
    section("teachers", "Teachers", teachers),
    section("provenance", "How to get it again", [
      html`<pre tabindex="0" aria-label="Command"><code>${comparison.command}</code></pre>
`,
      provenanceSection(comparison),
    ]),
  ];
};

/** The comparison as one HTML file, made as renderReport's: nothing is loaded, nothing runs, names are escaped. */
export const renderComparison = (comparison: Comparison): string => {
  const tables = tablesOf(comparison);
  const body = html`<main>${opening(comparison, tables)}
${sectionList(sectionsOf(comparison, tables))}
</main><footer><p class="quiet">distillery ${comparison.distillery} · seed ${comparison.seed} · ${comparison.device}</p></footer>`;
  return pageOf(`Distillery comparison: ${comparison.data.name}`, body);
};
