// Words for plans and for the jobs that were done of them.
import { createColors } from "picocolors";
import type { Plan } from "../distributed/plan/plan.ts";
import type { DoneJob } from "../distributed/plan/work.ts";
import { type Column, drawFitting } from "../report/terminal.ts";
import { formatBytes, formatCount, formatSeconds, plural, shellWord } from "../support/format.ts";
import type { Outcome, Terminal } from "./output.ts";

type Stage = Plan["stages"][number] & { readonly kinds: string };

const right = (title: string, cell: (stage: Stage) => string): Column<Stage> => ({ title, align: "right", cell });

const stage = right("stage", (one) => String(one.stage));
const indices = right("indices", ({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
const what: Column<Stage> = { title: "jobs", align: "left", cell: ({ kinds }) => kinds };
const longest = right("longest", ({ seconds }) => formatSeconds(seconds));
const memory = right("memory", (one) => formatBytes(one.memory));

const layouts = [
  [stage, indices, what, longest, memory],
  [stage, indices, what],
];

/** `2 teacher, 6 optimise`. */
const kindsOf = ({ jobs }: Plan, of: number): string => {
  const counts = new Map<string, number>();
  for (const job of jobs) if (job.stage === of) counts.set(job.kind, (counts.get(job.kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${formatCount(count)} ${kind}`).join(", ");
};

/** Says what is to be done, and the lines that do it. */
export const renderPlan = (plan: Plan, folder: string, out: string, { colour, width }: Terminal): string => {
  const { jobs, stages, threads, command } = plan;
  const seconds = jobs.reduce((sum, one) => sum + one.seconds, 0);
  const rows = stages.map((one) => ({ ...one, kinds: kindsOf(plan, one.stage) }));
  const last = jobs.length - 1;
  const work = `distillery work ${shellWord(folder)}`;
  const lines = [
    `${work} --index N        # each N from 0 to ${last}, on any machine that shares the folder`,
    `${work} --gather --out ${shellWord(out)}        # when all are done`,
  ];
  return [
    drawFitting(rows, layouts, width, createColors(colour), colour),
    `${plural(jobs.length, "job")} of distillery ${command} in ${plural(stages.length, "stage")}, about ${formatSeconds(seconds)} of ${plural(threads, "thread")} in all, by the first steps of each kind on this machine.`,
    lines.join("\n"),
  ].join("\n\n");
};

/** Says which jobs were made, and which were there. */
export const describeDone = (done: readonly DoneJob[]): Outcome => ({
  text: done
    .map(({ index, kind, folder, name, made, seconds }) => {
      const outcome = made ? `made in ${formatSeconds(seconds)}` : "there already";
      return `job ${index}, ${kind} ${folder}/${name}: ${outcome}`;
    })
    .join("\n"),
  json: done,
});
