// Options of all long work of the library: a place for events, and a signal to stop.
import type { Context } from "../support/work/context.ts";
import { type ProgressSink, progressTo, silent } from "../support/work/progress.ts";

export interface WorkOptions {
  /** Receives what goes on, as data; a terminal and a page can draw the same events. */
  readonly onProgress?: ProgressSink;
  /** Ends the work after its current step, with an INTERRUPTED error. */
  readonly signal?: AbortSignal;
}

export const contextOf = ({ onProgress, signal }: WorkOptions): Pick<Context, "progress" | "signal"> => ({
  progress: onProgress === undefined ? silent : progressTo(onProgress),
  ...(signal && { signal }),
});
