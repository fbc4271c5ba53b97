// The work of `work` on a plan.

import { artefactsBeside, type Plan, planFile, readPlan, recipeOf, toldOf } from "../../distributed/plan/plan.ts";
import type { CommandContext } from "../../pipeline/commands.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { plural } from "../../support/format.ts";
import { print, type World, working } from "../command.ts";
import type { OptionValues } from "../options.ts";
import type { Outcome } from "../output.ts";
import { terminalOf } from "../output.ts";
import { describeDone } from "../plans.ts";

/** Variables in which batch systems number their tasks. */
const numberedBy = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] as const;

const usualWait = 3_600_000;

/** The numbers of the jobs that are asked for: `--index` and those behind it, or those of a batch system's task. */
const indicesFrom = ({ index, count = 1 }: OptionValues, { jobs }: Plan, folder: string): readonly number[] => {
  const many = Number(count);
  const task = numberedBy.find((name) => process.env[name] !== undefined);
  if (index === undefined && task === undefined) {
    throw new DistilleryError(
      "USAGE",
      `no job given: add --index N, from 0 to ${jobs.length - 1}, or start it as a task of Slurm or Kubernetes, which set ${numberedBy.join(" or ")}`,
    );
  }
  const first = index === undefined ? many * Number(process.env[task!]) : Number(index);
  if (!(first < jobs.length)) {
    throw new DistilleryError(
      "USAGE",
      `job ${first} is beyond the last: ${planFile(folder)} has ${plural(jobs.length, "job")}, 0 to ${jobs.length - 1}`,
    );
  }
  return Array.from({ length: Math.min(many, jobs.length - first) }, (_, i) => first + i);
};

/** Does jobs of a plan, or gathers the results of all. */
export const workOnPlan = async (world: World, folder: string, values: OptionValues): Promise<void> => {
  const plan = await readPlan(folder);
  const where = typeof values.artefacts === "string" ? values.artefacts : artefactsBeside(folder);
  const indices = values.gather === true ? undefined : indicesFrom(values, plan, folder);
  const outcome = await working(world, async (tools) => {
    const { openStore } = await import("../../distributed/artefacts/open-store.ts");
    const [store, commands] = [await openStore(where), await world.loadCommands()];
    const command = (recipe: Recipe, context: CommandContext): Promise<Outcome> =>
      commands[plan.command](recipe, context, terminalOf(world.stdout));
    if (indices !== undefined) {
      const { doJobs } = await import("../../distributed/plan/work.ts");
      const wait = typeof values.wait === "number" ? values.wait : usualWait;
      const work = { plan, folder, store, indices, command, wait, retry: values.retry === true };
      return describeDone(await doJobs(work, tools));
    }
    const { gathering } = await import("../../distributed/plan/gather.ts");
    const out = String(values.out);
    const context = { ...tools, ...toldOf(plan), out, executor: gathering(plan, store, out) };
    return await command(recipeOf(plan, folder), context);
  });
  print(world, outcome, values);
};
