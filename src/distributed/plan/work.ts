// Doing some of a plan's jobs, by their numbers.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CommandContext } from "../../pipeline/commands.ts";
import { DistilleryError, type ErrorCode, reasonOf } from "../../support/errors.ts";
import { temporaryFolder } from "../../support/files.ts";
import { formatSeconds } from "../../support/format.ts";
import type { ArtefactStore } from "../artefacts/store.ts";
import { type Asked, openWalk, type Walk } from "../walk.ts";
import { describeFailure, type Failures, failuresOf, mostTries } from "./failures.ts";
import { checkGround } from "./ground.ts";
import { watchInputs } from "./inputs.ts";
import type { Command } from "./make.ts";
import { describeJob, type Plan, type PlannedJob, recipeOf, toldOf } from "./plan.ts";
import { folderIn } from "./record.ts";

export interface PlanWork {
  readonly plan: Plan;
  /** Its folder. */
  readonly folder: string;
  readonly store: ArtefactStore;
  /** Numbers of jobs, done one after the other. */
  readonly indices: readonly number[];
  /** Does the plan's command. */
  readonly command: Command;
  /** Milliseconds that results which a job needs are waited for. */
  readonly wait: number;
  /** Does jobs that failed too often. */
  readonly retry: boolean;
  /** Milliseconds between two looks for results of others. */
  readonly look?: number;
}

export interface DoneJob extends Pick<PlannedJob, "index" | "kind" | "folder" | "name"> {
  /** False where its result was there already. */
  readonly made: boolean;
  readonly seconds: number;
}

type Tools = Pick<CommandContext, "progress" | "signal" | "secondsBetweenCheckpoints">;

/** A command that is walked through in a folder. */
interface Walking {
  readonly walk: Walk;
  readonly out: string;
  /** The error that it ended with, if it has. */
  ended(): unknown;
}

/** Errors that another machine may not meet. */
const ofMachines: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["ARTEFACTS", "DISK", "DEVICE"]);

/** Milliseconds between two looks for results of others: many processes may ask one disk. */
const usualLook = 1_000;

/** Fails on a job that failed too often, before anything is opened. @throws JOB */
const checkTries = async ({ plan, indices, retry }: PlanWork, failures: Failures): Promise<void> => {
  for (const index of indices) {
    const failure = await failures.of(index);
    if (failure === undefined || (failure.tries < mostTries && !retry)) continue;
    if (!retry) {
      const job = describeJob(plan.jobs[index]!);
      throw new DistilleryError("JOB", `job ${job} ${describeFailure(failure)}; mend that, then add --retry`);
    }
    await failures.forget(index);
  }
};

/** Does one job. @throws JOB where it fails, and keeps the message in the store. */
const doJob = async (
  { plan, store, wait, look = usualLook }: PlanWork,
  { walk, out, ended }: Walking,
  job: PlannedJob,
  failures: Failures,
  doing: Tools,
): Promise<DoneJob> => {
  const { index, piece, kind, folder, name, cost } = job;
  const began = performance.now();
  const inputs = watchInputs(walk, plan, out, job, failures, doing.progress, { wait, look });
  const bar = doing.progress.task(`job ${describeJob(job)}`, cost);
  const asked: Asked = {
    ...(piece !== undefined && { piece }),
    is: (one, offer) => one.name === name && folderIn(out, offer) === folder,
    patience: inputs.patience,
  };
  try {
    const made = await walk.make(asked, doing, bar.update);
    await failures.forget(index);
    return { index, kind, folder, name, made, seconds: (performance.now() - began) / 1000 };
  } catch (cause) {
    if (doing.signal.aborted) {
      const goesOn = "stopped; the same index goes on from its last checkpoint, on whatever machine";
      throw new DistilleryError("INTERRUPTED", `job ${describeJob(job)}: ${goesOn}`, { cause });
    }
    // The job has not failed where the command ended before it came to the job, or where the machine fails.
    if (cause === ended() || (cause instanceof DistilleryError && ofMachines.has(cause.code))) throw cause;
    if (cause === inputs.patience.reason) {
      const waited = formatSeconds((performance.now() - began) / 1000);
      throw new DistilleryError(
        "ARTEFACTS",
        `job ${describeJob(job)} needs ${await inputs.describe()}: not in ${store.address} after ${waited}; do what is missing first, or wait longer (--wait)`,
        { cause },
      );
    }
    const failure = await failures.add(index, reasonOf(cause).split("\n")[0]!);
    const then = failure.tries < mostTries ? "try again" : "mend that, then add --retry";
    throw new DistilleryError("JOB", `job ${describeJob(job)} ${describeFailure(failure)}; ${then}`, { cause });
  } finally {
    inputs.close();
    bar.done();
  }
};

/**
 * Does jobs of a plan and publishes their results. Jobs behind one that failed are done all the same.
 * @throws JOB, ARTEFACTS, DATA, INTERRUPTED
 */
export const doJobs = async (work: PlanWork, tools: Tools): Promise<DoneJob[]> => {
  const { plan, store, indices, command, look = usualLook } = work;
  const failures = failuresOf(plan, store);
  await checkTries(work, failures);
  const scratch = await temporaryFolder("distillery-work-");
  const out = join(scratch, "out");
  const walk = openWalk({ store, threads: plan.threads, look, begin: async (ground) => checkGround(plan, ground) });
  let error: unknown;
  const context = { ...tools, ...toldOf(plan), out, executor: walk.executor };
  const over = command(recipeOf(plan, work.folder), context).then(
    () => walk.ended(),
    (cause: unknown) => {
      error = cause;
      walk.ended(cause);
    },
  );
  const walking = { walk, out, ended: () => error };
  const done: DoneJob[] = [];
  const failed: unknown[] = [];
  try {
    for (const index of indices) {
      try {
        done.push(await doJob(work, walking, plan.jobs[index]!, failures, tools));
      } catch (error) {
        if (!(error instanceof DistilleryError) || error.code !== "JOB") throw error;
        failed.push(error);
      }
    }
  } finally {
    walk.leave();
    await over;
    await rm(scratch, { recursive: true, force: true });
  }
  if (failed.length > 0) throw failed[0];
  return done;
};
