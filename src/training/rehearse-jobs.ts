// Rehearsing jobs: of those that are alike one for each number of cores, the others by its result.
import type { Context } from "../support/work/context.ts";
import type { Rehearsal, RehearsedJobs } from "../support/work/rehearsal.ts";
import type { Worker } from "./jobs.ts";

/** Requests to a job. */
interface Rehearsable {
  readonly kind: string;
  readonly like?: string;
  readonly cost: number;
}

type Make<Job, Made> = (job: Job, worker: Worker, context: Context) => Promise<Made>;

interface Rehearsed<Made> extends Pick<RehearsedJobs, "steps" | "step" | "seconds"> {
  readonly made: Made;
}

const titleOf = ({ like, kind }: Rehearsable): string => like ?? kind;

/** Rehearses the jobs of one work in a folder; `bytes` is the memory of the largest. */
export const rehearseJobs = <Job extends Rehearsable, Made>(
  rehearsal: Rehearsal,
  folder: string,
  jobs: readonly Job[],
  bytes: () => number,
) => {
  // Names tell the types apart: a folder has one kind of results that are alike.
  const known = rehearsal.known as Map<string, Rehearsed<Made>>;
  const found = new Set<Job>();
  const rehearsed = new Map<Job, Pick<RehearsedJobs, "steps" | "step" | "seconds">>();
  let workers = 1;
  let busy = 0;
  return {
    found: (job: Job): void => void found.add(job),

    /** Makes what `make` does, where no job like it is known. */
    of:
      (make: Make<Job, Made>): Make<Job, Made> =>
      async (job, worker, context) => {
        const { rehearsal: own = rehearsal } = context;
        const name = `${folder} ${job.kind} ${job.like} ${job.cost} ${worker.threads}`;
        const before = job.like === undefined ? undefined : known.get(name);
        if (before !== undefined) {
          own.skip(before.seconds);
          rehearsed.set(job, before);
          return before.made;
        }
        workers = Math.max(workers, ++busy);
        const opened = worker.opening();
        const made = await make(job, worker, context);
        busy--;
        // Whoever is handed the same step next finds it open.
        const seconds = own.seconds() - (worker.opening() - opened);
        const one = { made, seconds, ...own.longest() };
        known.set(name, one);
        rehearsed.set(job, one);
        return made;
      },

    /** Tells what was found out, title by title. */
    tell: (): void => {
      for (const title of new Set(jobs.map(titleOf))) {
        const own = jobs.filter((job) => titleOf(job) === title);
        const seen = own.flatMap((job) => rehearsed.get(job) ?? []);
        const { steps = 0, step = 0 } = seen.reduce<Partial<RehearsedJobs>>(
          (most, one) => (one.steps * one.step >= (most.steps ?? 0) * (most.step ?? 0) ? one : most),
          {},
        );
        rehearsal.note({
          title,
          jobs: own.length,
          done: own.filter((job) => found.has(job)).length,
          steps,
          step,
          seconds: seen.reduce((sum, { seconds }) => sum + seconds, 0),
          workers,
          ...(seen.length > 0 && { memory: workers * bytes() }),
        });
      }
    },
  };
};
