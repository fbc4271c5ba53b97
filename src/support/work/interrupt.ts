// Stopping work when the user asks.
import { DistilleryError } from "../errors.ts";

/** Throws INTERRUPTED, naming what was stopped, once the user has asked to stop. */
export const stopIfAborted = (signal: AbortSignal | undefined, what: string): void => {
  if (signal?.aborted) {
    throw new DistilleryError("INTERRUPTED", `${what}: stopped; run the same command again to go on`, {
      cause: signal.reason,
    });
  }
};
