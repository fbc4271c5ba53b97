// Jobs as data, and executors that do them in other processes or are asked for some of them.
import type { Progress } from "./progress.ts";

/** A value that can be written as JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Work as data: whoever has the same recipe, data and teachers makes the same result of it, here or in another process. */
export interface KeptJob {
  /** Who makes it: the name of a `JobKind`. */
  readonly kind: string;
  /** Names the file of its result in the folder of the work. */
  readonly name: string;
  /** Settings for its maker. */
  readonly spec: Json;
  /** Digest of everything that determines the result. */
  readonly key: string;
  /** Words for it and all that take equal steps and come to results of the same form, if there are such. */
  readonly like?: string;
  /** Its length on the bar that it shares with the others: steps, images. */
  readonly cost: number;
}

/** Names of a job's files in the folder of its offer. */
export interface JobFiles {
  readonly result: string;
  /** Files that are told of a result and are not needed: seconds, accuracies on the way. */
  readonly beside: readonly string[];
  /** Files from which a job that was stopped is taken up again; any of them may be there. */
  readonly checkpoints: readonly string[];
}

/** The context of a job that is done for an executor. */
export interface Doing {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly secondsBetweenCheckpoints?: number;
}

/** A worker for the jobs of one offer. */
export interface Lane {
  /** Makes a job's result into the folder; `advance` is told how much of its cost is done. */
  make(job: KeptJob, doing: Doing, advance: (units: number) => void): Promise<void>;
  close(): Promise<void>;
}

/** Jobs of one kind that do not depend on each other, and the folder that their results are wanted in. */
export interface Offer {
  readonly folder: string;
  readonly jobs: readonly KeptJob[];
  files(job: KeptJob): JobFiles;
  /** Memory of the largest, by estimate, in bytes. */
  bytes(): number;
  /** The jobs, all or some, whose results do not lie in the folder. */
  missing(among?: readonly KeptJob[]): Promise<readonly KeptJob[]>;
  /** Opens a worker of this process with so many threads. */
  open(threads: number): Promise<Lane>;
  /** Does what is missing on workers of this process; `made` is told of each result that was made here. */
  here(made?: (job: KeptJob) => Promise<void>): Promise<void>;
  /** Shows how much of a job's cost is done. */
  advance(job: KeptJob, units: number): void;
}

/** The ground of all jobs of a command, by which processes know that they mean the same. */
export interface Ground {
  /** The recipe as it was settled. */
  readonly recipe: unknown;
  /** Digest of the data. */
  readonly fingerprint: string;
}

/**
 * Whoever does a command's jobs in place of this process's own workers. Every process walks through the same command: one that
 * waits for the results that others make, one that makes those that it is asked for.
 */
export interface Executor {
  /** True where others compute: this process waits for several things at once, and its times say nothing of the work. */
  readonly elsewhere: boolean;
  /** Is told the ground before the first job. @throws DistilleryError where others stand on another. */
  begin(ground: Ground): Promise<void>;
  /** Ends when the results of all jobs lie in the offer's folder. */
  run(offer: Offer): Promise<void>;
  /** Pieces of a command that depend on each other in nothing, by name; side by side, or only those that are asked for. */
  pieces<T>(names: readonly string[], piece: (index: number) => Promise<T>): Promise<T[]>;
}

/** One after the other. */
export const inTurn = async <A, T>(all: readonly A[], one: (of: A, index: number) => Promise<T>): Promise<T[]> => {
  const results: T[] = [];
  for (const [index, of] of all.entries()) results.push(await one(of, index));
  return results;
};

/** All results at once; where some fail the others are waited for, and the first failure is thrown. */
export const together = async <T>(promises: readonly Promise<T>[]): Promise<T[]> => {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
};

interface Executed {
  readonly executor?: Executor;
}

/** Pieces of a command one after the other, or as the executor has them. */
export const inPieces = async <T>(
  { executor }: Executed,
  names: readonly string[],
  piece: (index: number) => Promise<T>,
): Promise<T[]> => {
  if (executor !== undefined) return executor.pieces(names, piece);
  return inTurn(names, (_, index) => piece(index));
};

/** The same of what everything after it needs all of: at once where others compute it. */
export const eachOf = async <A, T>(
  { executor }: Executed,
  all: readonly A[],
  one: (of: A, index: number) => Promise<T>,
): Promise<T[]> => {
  if (executor?.elsewhere) return together(all.map(one));
  return inTurn(all, one);
};
