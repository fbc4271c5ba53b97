// The wait of a job for the results that it needs.
import type { Progress } from "../../support/work/progress.ts";
import type { Walk } from "../walk.ts";
import { type Failures, mostTries } from "./failures.ts";
import { describeLacking, jobNamed } from "./lacking.ts";
import { describeJob, type Plan, type PlannedJob } from "./plan.ts";
import { folderIn } from "./record.ts";

/** The jobs that a walk in the folder `out` waits for on its way to one; none where it has come to that. */
const lackingFor = (walk: Walk, plan: Plan, out: string, job: PlannedJob): PlannedJob[] => {
  const lacking = walk
    .waitsAt(job.piece)
    .flatMap(({ offer, missing }) => [...missing].map(({ name }) => jobNamed(plan, folderIn(out, offer), name)));
  return lacking.includes(job) ? [] : lacking;
};

export interface Inputs {
  /** Aborted when the job has waited long enough, or for what will not come. */
  readonly patience: AbortSignal;
  /** Words for what it waits for at the moment. */
  describe(): Promise<string>;
  /** Ends the watch. */
  close(): void;
}

/** Watches what a job waits for, `look` milliseconds from one look to the next, and for `wait` milliseconds at most. */
export const watchInputs = (
  walk: Walk,
  plan: Plan,
  out: string,
  job: PlannedJob,
  failures: Failures,
  { note }: Pick<Progress, "note">,
  { wait, look }: { readonly wait: number; readonly look: number },
): Inputs => {
  const over = new AbortController();
  let since: number | undefined;
  const lookAround = async (): Promise<void> => {
    const lacking = lackingFor(walk, plan, out, job);
    if (lacking.length === 0) return;
    if (since === undefined) note(`job ${describeJob(job)} waits for ${await describeLacking(lacking, failures)}`);
    since ??= performance.now();
    const tries = await Promise.all(
      lacking.slice(0, 8).map(async ({ index }) => (await failures.of(index))?.tries ?? 0),
    );
    if (performance.now() - since >= wait || Math.max(...tries) >= mostTries) over.abort();
  };
  // Twice as seldom as the walk looks: what it is about to find is not waited for.
  const timer = setInterval(() => void lookAround().catch(() => undefined), 2 * look);
  return {
    patience: over.signal,
    describe: () => describeLacking(lackingFor(walk, plan, out, job), failures),
    close: () => clearInterval(timer),
  };
};
