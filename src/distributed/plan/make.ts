// A plan by a rehearsal of its command.
import { join } from "node:path";
import type { CommandContext } from "../../pipeline/commands.ts";
import { rehearseCommand } from "../../pipeline/dry-run.ts";
import { plainRecipe } from "../../pipeline/recipe/file.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { makeFolder } from "../../support/files.ts";
import { version } from "../../support/version.ts";
import { findPlan, type Plan, type PlannedCommand, type PlannedJob, writePlan } from "./plan.ts";
import { recorder } from "./record.ts";

/** A command as it is walked through. */
export type Command = (recipe: Recipe, context: CommandContext) => Promise<unknown>;

/** Runs of jobs of equal depth. */
const stagesOf = (jobs: readonly PlannedJob[]): Plan["stages"] => {
  const most = (values: readonly number[]): number => Math.max(...values);
  return [...new Set(jobs.map(({ stage }) => stage))].map((stage) => {
    const own = jobs.filter((job) => job.stage === stage);
    return {
      stage,
      from: own[0]!.index,
      to: own.at(-1)!.index,
      after: stage === 0 ? [] : [stage - 1],
      seconds: most(own.map(({ seconds }) => seconds)),
      memory: most(own.map(({ memory }) => memory)),
    };
  });
};

/**
 * Plans a command and writes the plan into the context's folder. `enough`: milliseconds that each loop is timed for at least.
 * @throws USAGE where the folder holds another plan, and whatever the command would throw before it computes anything.
 */
export const makePlan = async (
  command: PlannedCommand,
  work: Command,
  recipe: Recipe,
  context: CommandContext & { readonly threads: number },
  enough?: number,
): Promise<Plan> => {
  const { out, threads, archive, maxPixels } = context;
  await findPlan(out);
  await makeFolder(out);
  const { executor, note, ground, jobs } = recorder();
  // A folder that is never there: a plan has all jobs, finished or not.
  const nowhere = { ...context, out: join(out, "work"), jobs: 1 };
  await rehearseCommand(
    command,
    nowhere,
    note,
    (copy) => work(recipe, { ...copy, executor: executor(copy.out) }),
    enough,
  );
  const recorded = jobs().map((job, index) => ({ index, ...job }));
  if (recorded.length === 0) {
    throw new DistilleryError("USAGE", `distillery ${command} has no jobs by this recipe; run it as it is`);
  }
  const plan: Plan = {
    format: "distillery-plan",
    version: 1,
    distillery: version(),
    command,
    recipe: plainRecipe(recipe),
    ...(archive !== undefined && { archive }),
    ...(maxPixels !== undefined && { maxPixels }),
    fingerprint: ground()!.fingerprint,
    threads,
    stages: stagesOf(recorded),
    jobs: recorded,
  };
  await writePlan(out, plan);
  return plan;
};
