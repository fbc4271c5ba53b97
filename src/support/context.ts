import type { Progress } from "./progress.ts";

/** How work reports, how it is told to stop, and how much of it goes on at once. */
export interface Context {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** How much work a killed process may lose; 20 by default. */
  readonly secondsBetweenCheckpoints?: number;
  /** How many independent jobs run side by side at most; by default as many as cores and memory allow. */
  readonly jobs?: number;
}
