// A comparison as Markdown.
import type { ComparedSet, Comparison } from "../../evaluation/comparison.ts";
import { rankingsOf, retainedOf } from "../../evaluation/conclusions.ts";
import type { Ranking } from "../../evaluation/rows.ts";
import type { Difference } from "../../evaluation/statistics.ts";
import {
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  formatSigned,
  formatTenth,
  printable,
} from "../../support/format.ts";
import { formatInterval, formatMean, verdictWords } from "../accuracies.ts";
import { nameOf } from "../methods.ts";
import { fullName } from "../named-class.ts";
import { aboutClasses, type ClassMap, classMap, leftOut } from "../sections/classes.ts";
import { hasMarks, markAt, ruleOfMarks, shareName, shares, whenReached } from "../sections/course.ts";
import { aboutMatrix, type Matrix, matrixOf, verdictText } from "../sections/matrix.ts";
import { aboutRankings, formatTau, pairsAgreeing } from "../sections/ranking.ts";
import { ruleOfRetained } from "../sections/retained.ts";
import { fasterWords, ruleOfSeconds, speedsOf } from "../sections/speed.ts";
import { rulesOfUse, type UsedSet, waysToUse } from "../sections/use.ts";
import {
  type ComparedSetRow,
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

/** The beginning of every such table, by which one of ours is known. */
export const markdownBeginning = "# Comparison on ";

/** Names come from files: none may end a cell, begin a tag or a line. */
const cell = (text: string): string => printable(text).replace(/[\\|`*_<>[\]]/g, (mark) => `\\${mark}`);

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");

const difference = (value: Difference | undefined): string => {
  if (value === undefined) return "";
  const range = value.interval ? ` (${formatInterval(value.interval)})` : "";
  return `${formatSigned(value.delta)}, ${verdictWords[value.verdict]}${range}`;
};

const rowCells = ({ row, toRandom, toFull }: ComparedSetRow): readonly string[] => [
  cell(nameOf(row)),
  row.ipc === undefined ? "" : formatCount(row.ipc),
  formatCount(row.images),
  formatCount(row.steps),
  formatMean(row.accuracy),
  difference(toRandom),
  difference(toFull),
  formatBytes(row.bytes),
];

const accuracyTable = ({ labels, student, rows }: Table): string =>
  `### ${labels} labels, ${cell(student)}\n\n${table(
    ["trained on", "ipc", "images", "steps", "accuracy, %", "against random images", "against all the data", "bytes"],
    rows.map(rowCells),
  )}`;

const courseCells = ({ row, reached }: ComparedSetRow): readonly string[] => [
  cell(nameOf(row)),
  row.ipc === undefined ? "" : formatCount(row.ipc),
  ...shares.map((share) => {
    const mark = markAt(row, share);
    return mark === undefined ? "" : `${formatMean(mark.accuracy)} (${formatCount(mark.steps)})`;
  }),
  reached === undefined ? "" : `${formatTenth(reached.accuracy)} %: ${whenReached(reached)}`,
];

const courseSection = (tables: readonly Table[]): string =>
  `## On the way to the last step

Accuracy, %, after parts of the steps; in brackets, how many.

${tables
  .map(
    ({ labels, student, rows }) =>
      `### ${labels} labels, ${cell(student)}, on the way\n\n${table(
        ["trained on", "ipc", ...shares.map((share) => `after ${shareName(share)}`), "random's final accuracy"],
        rows.map(courseCells),
      )}`,
  )
  .join("\n\n")}

${ruleOfMarks}

`;

const rankingSection = (rankings: readonly Ranking[]): string =>
  `## Ranking of students

${aboutRankings}

${table(
  ["set", "labels", "ipc", "students", "Kendall's tau", "pairs that agree"],
  rankings.map((ranking) => [
    cell(nameOf(ranking)),
    ranking.labels,
    ranking.ipc === undefined ? "" : formatCount(ranking.ipc),
    formatCount(ranking.students),
    formatTau(ranking),
    pairsAgreeing(ranking),
  ]),
)}

`;

/** Accuracy by class of the first table, as the page has it. */
const classSection = (map: ClassMap): string =>
  `## Accuracy by class

${cell(aboutClasses(map))}

${table(
  ["class", ...map.rows.map((row) => cell(`${nameOf(row)}, ${row.labels}`))],
  map.parts.flatMap((part, i) => [
    ...(i > 0 && map.left > 0 ? [[leftOut(map), ...map.rows.map(() => "")]] : []),
    ...part.map(({ values, ...name }) => [
      cell(fullName(name)),
      ...values.map((value) => (value === null ? "" : formatTenth(value))),
    ]),
  ]),
)}

`;

/** Seconds of one student on each set of the first table, and the numbers that are cited. */
const citedSection = (comparison: Comparison, { student, rows }: Table): string => {
  const speeds = speedsOf(rows);
  const retained = retainedOf(comparison).filter((one) => one.student === student && one.share !== undefined);
  const cited = table(
    ["trained on", "labels", "ipc", "of all the data", "IOR", "HLR"],
    retained.map((one) => [
      cell(nameOf(one)),
      one.labels,
      one.ipc === undefined ? "" : formatCount(one.ipc),
      formatShare(one.share!),
      one.improvement === undefined ? "" : formatSigned(one.improvement),
      one.recovery === undefined ? "" : formatTenth(one.recovery),
    ]),
  );
  const timed = table(
    ["trained on", "ipc", "seconds of a student", "on all the data", "so it is"],
    speeds.map(({ row, seconds, full, times }) => [
      cell(nameOf(row)),
      row.ipc === undefined ? "" : formatCount(row.ipc),
      formatSeconds(seconds),
      full === undefined ? "" : formatSeconds(full),
      times === undefined ? "" : fasterWords(times),
    ]),
  );
  return [
    ...(retained.length > 0 ? [`## Numbers that papers cite\n\n${cited}\n\n${ruleOfRetained}\n\n`] : []),
    ...(speeds.length > 0 ? [`## Training one student\n\n${timed}\n\n${ruleOfSeconds}\n\n`] : []),
  ].join("");
};

const setCells = (set: ComparedSet): readonly string[] => {
  const { ipc, bytes, iterations, seconds, peakMemory } = set;
  return [
    cell(nameOf(set)),
    formatCount(ipc),
    ...([bytes.bases, bytes.compensators, bytes.labels, bytes.manifest, bytes.total] as const).map(formatBytes),
    iterations === undefined ? "" : formatCount(iterations),
    seconds === undefined ? "" : formatSeconds(seconds),
    peakMemory ? formatBytes(peakMemory.bytes) : "",
  ];
};

const studentSection = ({ students, lines }: Matrix): string =>
  `## The same set for other students

${cell(aboutMatrix)}

${table(
  ["set", "labels", "ipc", ...students.map(cell)],
  lines.map(({ row, cells }) => [
    cell(nameOf(row)),
    row.labels,
    row.ipc === undefined ? "" : formatCount(row.ipc),
    ...cells.map((one) => (one ? [formatMean(one.row.accuracy), verdictText(one) ?? []].flat().join(", ") : "")),
  ]),
)}

`;

const useSection = (set: UsedSet): string =>
  `## Use a set

${waysToUse(set)
  .map(
    ({ name, code }) =>
      `${name}:\n\n${code
        .split("\n")
        .map((one) => `    ${printable(one)}`)
        .join("\n")}`,
  )
  .join("\n\n")}

${rulesOfUse("")}

`;

/** The comparison as a Markdown text, e.g. for a README. */
export const renderComparisonMarkdown = (comparison: Comparison): string => {
  const { data, hardware, seconds } = comparison;
  const tables = tablesOf(comparison);
  const students = matrixOf(comparison);
  const used = usedSet(comparison);
  const classes = classMap(data, firstRows(comparison));
  const rankings = rankingsOf(comparison);
  const open = unfinished(comparison);
  const shared = Object.entries(seconds).map(([stage, spent]) => `${stage} ${formatSeconds(spent)}`);
  return `${markdownBeginning}${cell(data.name)}

${cell(comparisonHeadline(comparison))}
${open === undefined ? "" : `\n${cell(open)}\n`}
## Accuracy

${tables.map(accuracyTable).join("\n\n")}

${comparisonJudgements(comparison)
  .map((sentence) => `- ${cell(sentence)}`)
  .join("\n")}

${rulesOfComparison(comparison)}

${hasMarks(comparison.rows) ? courseSection(tables) : ""}${students ? studentSection(students) : ""}${rankings.length > 0 ? rankingSection(rankings) : ""}${classes ? classSection(classes) : ""}${tables[0] ? citedSection(comparison, tables[0]) : ""}## What the sets weigh and took

${table(
  ["set", "ipc", "bases", "compensators", "labels", "manifest", "total", "iterations", "seconds", "peak memory"],
  comparison.sets.map(setCells),
)}

${ruleOfIterations} ${ruleOfMemory(comparison)}${shared.length > 0 ? ` Shared by all: ${cell(shared.join(", "))}.` : ""}

${used === undefined ? "" : useSection(used)}## How to get it again

    ${printable(comparison.command)}

distillery ${comparison.distillery}, seed ${comparison.seed}, ${cell(comparison.device)}, ${cell(hardware.cpu)}, ${hardware.cores} cores, ${hardware.memoryGiB} GiB.
`;
};
