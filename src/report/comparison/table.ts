// A comparison as tables for a terminal.
import { createColors } from "picocolors";
import type { ComparedSet, Comparison } from "../../evaluation/comparison.ts";
import { rankingsOf } from "../../evaluation/conclusions.ts";
import type { Ranking } from "../../evaluation/rows.ts";
import { formatBytes, formatCount, formatSeconds, printable, toAscii } from "../../support/format.ts";
import { formatMean } from "../accuracies.ts";
import { differenceText, markColumns, methodText, reachedColumn } from "../run/table.ts";
import { formatTau, pairsAgreeing } from "../sections/ranking.ts";
import { type Column, drawFitting, wrap } from "../terminal.ts";
import { type ComparedSetRow, comparisonHeadline, comparisonJudgements, tablesOf } from "./summary.ts";

type Accuracy = Column<ComparedSetRow>;

const method: Accuracy = { title: "trained on", align: "left", cell: ({ row }, c) => methodText(row, c) };
const ipc: Accuracy = {
  title: "ipc",
  align: "right",
  cell: ({ row }) => (row.ipc === undefined ? "" : String(row.ipc)),
};
const images: Accuracy = { title: "images", align: "right", cell: ({ row }) => formatCount(row.images) };
const steps: Accuracy = { title: "steps", align: "right", cell: ({ row }) => formatCount(row.steps) };
const accuracy: Accuracy = {
  title: "accuracy %",
  align: "right",
  cell: ({ row }, c) => c.bold(formatMean(row.accuracy)),
};
const toRandom: Accuracy = { title: "vs random", align: "right", cell: (r, c) => differenceText(r.toRandom, c, true) };
const toFull: Accuracy = { title: "vs all data", align: "right", cell: (r, c) => differenceText(r.toFull, c, false) };
const bytes: Accuracy = { title: "bytes", align: "right", cell: ({ row }) => formatBytes(row.bytes) };

const accuracyLayouts: readonly (readonly Accuracy[])[] = [
  [method, ipc, images, steps, ...markColumns, accuracy, toRandom, reachedColumn, toFull, bytes],
  [method, ipc, images, steps, accuracy, toRandom, toFull, bytes],
  [method, ipc, accuracy, toRandom, toFull, bytes],
  [method, ipc, accuracy, toRandom],
];

type Cost = Column<ComparedSet>;

const set: Cost = { title: "set", align: "left", cell: (one, c) => methodText(one, c) };
const budget: Cost = { title: "ipc", align: "right", cell: (one) => String(one.ipc) };
const total: Cost = { title: "bytes", align: "right", cell: (one) => formatBytes(one.bytes.total) };
const iterations: Cost = {
  title: "iterations",
  align: "right",
  cell: (one) => (one.iterations === undefined ? "" : formatCount(one.iterations)),
};
const seconds: Cost = {
  title: "made in",
  align: "right",
  cell: (one) => (one.seconds === undefined ? "" : formatSeconds(one.seconds)),
};
const memory: Cost = {
  title: "peak memory",
  align: "right",
  cell: ({ peakMemory }) => (peakMemory ? formatBytes(peakMemory.bytes) : ""),
};

const costLayouts: readonly (readonly Cost[])[] = [
  [set, budget, total, iterations, seconds, memory],
  [set, budget, total, seconds, memory],
  [set, budget, seconds, memory],
];

type Ranked = Column<Ranking>;

const ranked: readonly Ranked[] = [
  { title: "ranked by", align: "left", cell: (one, c) => methodText(one, c) },
  { title: "ipc", align: "right", cell: (one) => (one.ipc === undefined ? "" : String(one.ipc)) },
  { title: "labels", align: "left", cell: (one) => one.labels },
  { title: "Kendall's tau", align: "right", cell: formatTau },
  { title: "agree", align: "right", cell: pairsAgreeing },
];

/**
 * The comparison for a terminal, without a final newline: the headline, a table for every kind of labels and student, how sets
 * rank students, what they took, a sentence for every budget. As in renderTable, without `colour` there are only ASCII
 * characters.
 */
export const renderComparisonTable = (
  comparison: Comparison,
  options: { readonly colour: boolean; readonly width?: number },
): string => {
  const c = createColors(options.colour);
  const say = options.colour ? (text: string) => text : toAscii;
  const width = Math.max(40, options.width ?? 100);
  const tables = tablesOf(comparison).flatMap(({ labels, student, rows }) => [
    c.bold(wrap(say(printable(`${labels} labels, ${student}`)), width)),
    drawFitting(rows, accuracyLayouts, width, c, options.colour),
  ]);
  const rankings = rankingsOf(comparison);
  const said = comparisonJudgements(comparison).map((sentence) => wrap(say(printable(sentence)), width, "  "));
  return [
    c.bold(wrap(say(printable(comparisonHeadline(comparison))), width)),
    ...tables,
    ...(rankings.length > 0 ? [drawFitting(rankings, [ranked], width, c, options.colour)] : []),
    drawFitting(comparison.sets, costLayouts, width, c, options.colour),
    said.slice(1).join("\n"),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
};
