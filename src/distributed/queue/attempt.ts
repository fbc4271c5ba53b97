// One attempt at a job of the queue: begun, done, failed or given back.
import { type Job, UnrecoverableError, WaitingError } from "bullmq";
import { DistilleryError, reasonOf } from "../../support/errors.ts";
import { mostTries, type QueuedJob, takenUp, toldTries } from "./job.ts";

/** Everything that an attempt is told. */
export interface Attempting {
  readonly worker: string;
  /** Milliseconds for which a job is held without a word. */
  readonly lock: number;
  readonly signal: AbortSignal;
  /** Computes the job; `advance` is told how many of its units are done. */
  compute(data: QueuedJob, advance: (units: number) => void): Promise<void>;
  /** Waits while this machine cannot work, and says why. */
  pause(why: string): Promise<void>;
}

const unitsOf = ({ progress }: Job<QueuedJob>): number => (typeof progress === "number" ? progress : 0);

/** Puts a job back at the end of the queue. To the queue that is a failure, of which it allows any number. */
export class Back extends Error {}

/** Fails the job for good once it has been tried often enough. */
const failedAgain = (data: QueuedJob): Error => {
  const message = toldTries(data.tries);
  return data.tries.length < mostTries ? new Back(message) : new UnrecoverableError(message);
};

/**
 * Does a job that this worker holds. The error that it throws tells the queue the fate of the job: nothing, where another
 * worker has it by now.
 */
export const attempt = async (job: Job<QueuedJob>, token: string, how: Attempting): Promise<void> => {
  const { worker, lock, signal, compute, pause } = how;
  /** Writes into the job, which nobody else takes meanwhile. @throws WaitingError where it is not this worker's any more. */
  const write = async (data: QueuedJob): Promise<void> => {
    if ((await job.extendLock(token, lock)) !== 1) throw new WaitingError();
    await job.updateData(data);
  };
  const data = takenUp(job.data, unitsOf(job), new Date());
  if (data.tries.length >= mostTries) throw failedAgain(data);
  let furthest = unitsOf(job);
  await write({ ...data, begun: { worker, units: furthest } });
  let telling = Promise.resolve();
  const advance = (units: number): void => {
    if (units <= furthest || signal.aborted) return;
    furthest = units;
    // A job that was taken off meanwhile has no progress any more.
    telling = telling.then(() => job.updateProgress(units)).catch(() => undefined);
  };
  try {
    await compute(data, advance);
  } catch (error) {
    await telling;
    const code = error instanceof DistilleryError ? error.code : undefined;
    if (signal.aborted) {
      // The run may be gone, and the job with it.
      await write(data)
        .then(() => job.moveToWait(token))
        .catch(() => undefined);
      throw new WaitingError();
    }
    if (code === "ARTEFACTS" || code === "DISK") {
      await write(data);
      await pause(reasonOf(error));
      throw new Back(reasonOf(error));
    }
    const tries = [...data.tries, { worker, at: new Date().toISOString(), message: reasonOf(error) }];
    await write({ ...data, tries });
    throw failedAgain({ ...data, tries });
  }
};
