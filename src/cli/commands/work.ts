// The command that does jobs for others.

import { DistilleryError } from "../../support/errors.ts";
import { type CliCommand, examples } from "../command.ts";
import { filled, idleOption, type OptionValues, parseCount } from "../options.ts";
import { workOnPlan } from "../work-plan.ts";

const parseIndex = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new DistilleryError("USAGE", `--index: expected the number of a job, from 0, got "${text}"`);
};

/** `90`, `90s`, `10m` or `1h` in milliseconds. */
const parseDuration = (text: string): number => {
  const [, count, unit = "s"] = /^(\d+)([smh])?$/.exec(text) ?? [];
  if (count === undefined) throw new DistilleryError("USAGE", `--wait: expected such as 90s, 10m or 1h, got "${text}"`);
  return Number(count) * 1000 * { s: 1, m: 60, h: 3600 }[unit as "s" | "m" | "h"];
};

/** Fails on options that mean nothing beside the others. @throws USAGE */
const checkIdle = (values: OptionValues): void => {
  const { gather, out } = values;
  if (gather !== true && out !== undefined) throw idleOption("--out", "is for --gather");
  if (gather !== true) return;
  if (out === undefined) throw new DistilleryError("USAGE", "--gather: add --out, the folder for sets and report");
  for (const name of ["index", "count", "wait", "retry"]) {
    if (values[name] !== undefined) throw idleOption(`--${name}`, "does jobs, and --gather does none");
  }
};

export const work: CliCommand = {
  name: "work",
  description: "do jobs of a plan by their numbers, or gather the results of all",
  define: (command, world) => {
    command
      .argument("<plan>", "the folder that `distillery plan` made", filled("plan", "the folder of a plan"))
      .option("--index <n>", "the job to do, from 0 (SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX)", parseIndex)
      .option(
        "--count <n>",
        "do so many jobs from --index on; tasks of a batch system do so many each (1)",
        parseCount("--count"),
      )
      .option(
        "--artefacts <folder>",
        "where results go, on a disk that all machines share (artefacts, beside the plan)",
        filled("--artefacts", "a folder"),
      )
      .option("--wait <time>", "how long to wait for what a job needs, such as 10m (1h)", parseDuration)
      .option("--retry", "do a job also where it failed three times")
      .option("--gather", "do no job: take all results, and write sets and report into --out")
      .option("--out <folder>", "with --gather: the folder of the command", filled("--out", "a folder"))
      .option("--json", "print what was done as JSON on standard output; messages stay on standard error")
      .addHelpText(
        "after",
        examples(
          "distillery work plans/demo --index 3",
          "seq 0 41 | parallel -j2 distillery work plans/demo --index {}",
          "distillery work plans/demo --gather --out runs/compare-demo",
        ),
      )
      .action(async (plan: string, values: OptionValues) => {
        checkIdle(values);
        await workOnPlan(world, plan, values);
      });
  },
};
