// Jobs as they stand in the queue, and the count of their tries.
import type { KeptJob } from "../../support/work/executor.ts";

/** A try that came to nothing. */
export interface Try {
  readonly worker: string;
  /** ISO 8601, by that worker's clock. */
  readonly at: string;
  readonly message: string;
}

/** The name and the needs of a job, and what became of it so far. */
export interface QueuedJob extends Pick<KeptJob, "kind" | "key" | "name" | "cost"> {
  /** The piece of the command that it belongs to. */
  readonly piece?: string;
  /** The folder of its result, relative to the command's. */
  readonly folder: string;
  /** Memory by estimate. */
  readonly bytes: number;
  readonly tries: readonly Try[];
  /** Whoever began it last and has not ended it, and the units that had been done by then. */
  readonly begun?: { readonly worker: string; readonly units: number };
}

export const mostTries = 3;

/** The name of a job in its queue: equal jobs are one. */
export const queueIdOf = ({ kind, key }: Pick<KeptJob, "kind" | "key">): string =>
  `${kind.replace(/[^\w-]/g, "-")}-${key}`;

/**
 * A job that is taken up again, after whoever had begun it vanished. That counts as a try only where it got no further than
 * the one before: a long job may outlive many workers.
 */
export const takenUp = ({ begun, ...job }: QueuedJob, units: number, now: Date): QueuedJob => {
  if (begun === undefined || units > begun.units) return job;
  const vanished = {
    worker: begun.worker,
    at: now.toISOString(),
    message: "its worker vanished before it got further",
  };
  return { ...job, tries: [...job.tries, vanished] };
};

/** The tries of a job in one line: each message once, with those who met it. */
export const toldTries = (tries: readonly Try[]): string => {
  const by = new Map<string, string[]>();
  for (const { message, worker, at } of tries) by.set(message, [...(by.get(message) ?? []), `${worker}, ${at}`]);
  return [...by].map(([message, who]) => `${message} (${who.join("; ")})`).join("; ");
};
