// The command that does jobs for other processes: those of a queue, or those of a plan by their numbers.
import { Option } from "commander";
import { parseBytes } from "../../support/byte-count.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type CliCommand, examples } from "../command.ts";
import {
  archiveOption,
  artefactsOption,
  filled,
  flagNamed,
  idleOption,
  type OptionValues,
  parseCount,
  queueOption,
} from "../options.ts";
import { workFromQueue } from "../work/from-queue.ts";
import { workOnPlan } from "../work/on-plan.ts";

const parseMemory = (text: string): number => {
  const found = parseBytes(text);
  if (found !== undefined) return found;
  throw new DistilleryError("USAGE", `--memory: expected bytes such as 2GB, got "${text}"`);
};

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

/** Options that mean something only for a worker of a queue, for a queue, and for a plan. */
const workerOptions = ["jobs", "memory", "data", "archive", "scratch", "untilDone", "lock", "checkpointEvery"];
const queueOptions = [...workerOptions, "status"];
const planOptions = ["index", "count", "wait", "retry", "gather", "out"];

const checkIdle = (values: OptionValues, options: readonly string[], why: string): void => {
  for (const name of options) if (values[name] !== undefined) throw idleOption(flagNamed(name), why);
};

/** Fails on options that mean nothing beside the others. @throws USAGE */
const checkPlanOptions = (values: OptionValues): void => {
  const { index, count, wait, retry, gather, out } = values;
  checkIdle(values, queueOptions, "is for the jobs of a --queue, and a plan was given");
  if (gather !== true && out !== undefined) throw idleOption("--out", "is for --gather");
  if (gather !== true) return;
  if (out === undefined) throw new DistilleryError("USAGE", "--gather: add --out, the folder for sets and report");
  const idle = Object.entries({ index, count, wait, retry }).find(([, value]) => value !== undefined);
  if (idle !== undefined) throw idleOption(`--${idle[0]}`, "does jobs, and --gather does none");
};

export const work: CliCommand = {
  name: "work",
  description: "do jobs for others: those that runs put on a --queue, or those of a plan by their numbers",
  define: (command, world) => {
    command
      .argument("[plan]", "the folder that `distillery plan` made", filled("plan", "the folder of a plan"))
      .addOption(artefactsOption())
      .option("--json", "print what was done as JSON on standard output; messages stay on standard error")
      .optionsGroup("Jobs of a queue:")
      .addOption(queueOption("the Redis whose runs are served, the oldest first"))
      .option("--jobs <n>", "how many jobs run side by side (as many as cores allow)", parseCount("--jobs"))
      .option("--memory <bytes>", "memory that jobs may take together, such as 2GB (what is free now)", parseMemory)
      .option(
        "--data <folder>",
        "where a run's data lie on this machine (where its recipe says)",
        filled("--data", "a folder"),
      )
      .addOption(archiveOption())
      .option(
        "--scratch <folder>",
        "where temporary files go (the system's folder for them)",
        filled("--scratch", "a folder"),
      )
      .option("--until-done", "end when no run is left; otherwise wait for more")
      .addOption(
        new Option("--lock <seconds>", "silence of a worker after which others take its jobs (30)").argParser(
          parseCount("--lock"),
        ),
      )
      .addOption(
        new Option("--checkpoint-every <seconds>", "work that may be lost when a worker is killed (20)").argParser(
          parseCount("--checkpoint-every"),
        ),
      )
      .option("--status", "print runs, workers and jobs, and do none")
      .optionsGroup("Jobs of a plan:")
      .option("--index <n>", "the job to do, from 0 (SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX)", parseIndex)
      .option(
        "--count <n>",
        "do so many jobs from --index on; tasks of a batch system do so many each (1)",
        parseCount("--count"),
      )
      .option("--wait <time>", "how long to wait for what a job needs, such as 10m (1h)", parseDuration)
      .option("--retry", "do a job also where it failed three times")
      .option("--gather", "do no job: take all results, and write sets and report into --out")
      .option("--out <folder>", "with --gather: the folder of the command", filled("--out", "a folder"))
      .addHelpText(
        "after",
        examples(
          "distillery compare cifar10 --queue redis://HOST            on one machine",
          "distillery work --queue redis://HOST                       on any number of machines",
          "distillery work --queue rediss://user@HOST --until-done    by TLS, password in DISTILLERY_REDIS_PASSWORD",
          "distillery work --queue redis://HOST --status --json",
          "distillery work plans/demo --index 3",
          "distillery work plans/demo --gather --out runs/compare-demo",
        ),
      )
      .action(async (plan: string | undefined, values: OptionValues) => {
        const { queue } = values;
        if (typeof queue === "string") {
          if (plan !== undefined)
            throw new DistilleryError("USAGE", `work: expected the plan ${plan} or --queue, not both; leave one out`);
          checkIdle(values, planOptions, "is for the jobs of a plan, and a --queue was given");
          if (values.status === true) {
            checkIdle(values, [...workerOptions, "artefacts"], "is for doing jobs, and --status does none");
          }
          return await workFromQueue(world, queue, values);
        }
        if (plan === undefined) {
          throw new DistilleryError("USAGE", "work: no jobs given; add --queue redis://HOST or the folder of a plan");
        }
        checkPlanOptions(values);
        return await workOnPlan(world, plan, values);
      });
  },
};
