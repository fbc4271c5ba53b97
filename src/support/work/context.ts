// The context of a piece of work: progress, stop signal and limits.
import type { Executor } from "./executor.ts";
import type { Progress } from "./progress.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** Reports of work, the signal to stop it, and its limits. */
export interface Context {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** Seconds of work that a killed process may lose; 20 by default. */
  readonly secondsBetweenCheckpoints?: number;
  /** Independent jobs that run side by side at most; by default as many as cores and memory allow. */
  readonly jobs?: number;
  /** Threads of each job; by default the cores are shared among those that run side by side. */
  readonly threads?: number;
  /** Present where jobs are not simply done by this process. */
  readonly executor?: Executor;
  /** Jobs of the same kind in this and other works: those before these, and all. */
  readonly among?: { readonly before: number; readonly of: number };
  /** Present where the work is only rehearsed: loops end after a few units, and say how long the others would take. */
  readonly rehearsal?: Rehearsal;
}
