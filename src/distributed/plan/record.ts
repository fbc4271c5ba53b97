// A record of the jobs that a rehearsed command comes to, and of what they wait for.
import { AsyncLocalStorage } from "node:async_hooks";
import { relative, sep } from "node:path";
import { type Executor, type Ground, inTurn, type KeptJob, type Offer } from "../../support/work/executor.ts";
import type { RehearsedJobs } from "../../support/work/rehearsal.ts";
import type { PlannedJob } from "./plan.ts";

/** A job's folder as it stands in a plan: relative to the command's, with slashes. */
export const folderIn = (out: string, { folder }: Pick<Offer, "folder">): string =>
  relative(out, folder).replaceAll(sep, "/");

export type Recorded = Omit<PlannedJob, "index">;

export interface Recorder {
  /** The executor of the rehearsed command, which works in `out`. */
  executor(out: string): Executor;
  /** Takes what the rehearsal finds out of jobs. */
  note(jobs: RehearsedJobs): void;
  ground(): Ground | undefined;
  /** Stage by stage. */
  jobs(): readonly Recorded[];
}

/** Seconds of each job, by the notes of their rehearsal. */
const secondsBy = (notes: readonly RehearsedJobs[]) => {
  const known = new Map(notes.map(({ title, seconds, jobs, done }) => [title, seconds / Math.max(1, jobs - done)]));
  return ({ like, kind }: KeptJob): number => known.get(like ?? kind) ?? 0;
};

/** Records every offer, and does it in short. An offer waits for all that were done before it in its piece, or before all pieces. */
export const recorder = (): Recorder => {
  const current = new AsyncLocalStorage<{ readonly name: string; stage: number }>();
  const jobs = new Map<string, Recorded>();
  let notes: RehearsedJobs[] = [];
  let ground: Ground | undefined;
  /** Bytes of the process with its data. */
  let base = 0;
  /** The stage of what is offered next before all pieces. */
  const before = { stage: 0 };
  let doing = Promise.resolve();

  /** Puts an offer on record and returns the stage behind it. */
  const record = (out: string, offer: Offer, stage: number): number => {
    const [folder, piece] = [folderIn(out, offer), current.getStore()?.name];
    const seconds = secondsBy(notes);
    let last = -1;
    for (const job of offer.jobs) {
      const { kind, name, cost } = job;
      const id = `${folder}/${name}`;
      // A job that two pieces need belongs to the first.
      const known = jobs.get(id);
      last = Math.max(last, known?.stage ?? stage);
      if (known !== undefined) continue;
      const estimates = { seconds: seconds(job), memory: base + offer.bytes() };
      jobs.set(id, { stage, ...(piece !== undefined && { piece }), kind, folder, name, cost, ...estimates });
    }
    return last + 1;
  };

  return {
    executor: (out) => ({
      elsewhere: true,
      begin: async (found) => {
        ground = found;
        base = process.memoryUsage.rss();
      },
      run: (offer) => {
        const line = current.getStore() ?? before;
        const { stage } = line;
        // Several may be offered at once; each is timed alone.
        const done = doing.then(async () => {
          notes = [];
          await offer.here();
          line.stage = Math.max(line.stage, record(out, offer, stage));
        });
        doing = done.catch(() => undefined);
        return done;
      },
      pieces: (names, piece) =>
        inTurn(names, (name, index) => current.run({ name, stage: before.stage }, () => piece(index))),
    }),
    note: (one) => void notes.push(one),
    ground: () => ground,
    jobs: () => [...jobs.values()].sort((a, b) => a.stage - b.stage),
  };
};
