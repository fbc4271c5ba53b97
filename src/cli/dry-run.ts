// The table of a dry run.
import { createColors } from "picocolors";
import type { DryRun, PlannedSet } from "../pipeline/dry-run.ts";
import { type Column, drawFitting } from "../report/terminal.ts";
import { formatBytes, formatCount, formatSeconds, plural } from "../support/format.ts";
import type { RehearsedJobs } from "../support/work/rehearsal.ts";
import type { Terminal } from "./output.ts";

const right = <Row>(title: string, cell: (row: Row) => string): Column<Row> => ({ title, align: "right", cell });

/** Only some kinds of jobs have an estimate of their memory. */
const leastMemory = 1e6;

const what: Column<RehearsedJobs> = { title: "what", align: "left", cell: ({ title }) => title };
const counts = [
  right<RehearsedJobs>("jobs", ({ jobs }) => formatCount(jobs)),
  right<RehearsedJobs>("there", ({ done }) => (done === 0 ? "" : formatCount(done))),
];
const steps = [
  right<RehearsedJobs>("steps each", ({ steps }) => (steps === 0 ? "" : formatCount(steps))),
  right<RehearsedJobs>("a step", ({ step }) => (step === 0 ? "" : formatSeconds(step))),
];
const costs = [
  right<RehearsedJobs>("side by side", ({ workers, jobs, done }) => (jobs > done ? formatCount(workers) : "")),
  right<RehearsedJobs>("memory", ({ memory = 0 }) => (memory < leastMemory ? "" : formatBytes(memory))),
];
const time = right<RehearsedJobs>("takes", ({ jobs, done, workers, seconds }) =>
  jobs > done ? formatSeconds(seconds / Math.min(workers, jobs - done)) : "",
);

const layouts = [
  [what, ...counts, ...steps, ...costs, time],
  [what, ...counts, ...steps, time],
  [what, ...counts, time],
];

const parts = ["bases", "compensators", "labels", "manifest"] as const;

const setLayout: readonly Column<PlannedSet>[] = [
  { title: "set", align: "left", cell: ({ name }) => name },
  ...parts.map((part) => right<PlannedSet>(part, ({ bytes }) => formatBytes(bytes[part]))),
  right<PlannedSet>("all", ({ bytes }) => formatBytes(bytes.total)),
];

/** Says what would be done. */
export const renderDryRun = ({ command, out, jobs, seconds, sets }: DryRun, { colour, width }: Terminal): string => {
  const colours = createColors(colour);
  const left = jobs.reduce((sum, one) => sum + one.jobs - one.done, 0);
  const there = jobs.reduce((sum, { done }) => sum + done, 0);
  const found = there > 0 ? `, ${plural(there, "other")} are there already` : "";
  return [
    drawFitting(jobs, layouts, width, colours, colour),
    ...(sets.length > 0 ? [drawFitting(sets, [setLayout], width, colours, colour)] : []),
    `distillery ${command} would do ${plural(left, "job")} in ${out}${found}; about ${formatSeconds(seconds)} altogether, by the first steps of each kind. Nothing was written there.`,
  ].join("\n\n");
};
