/** The part of `process` that signals come from. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: (signal: "SIGINT" | "SIGTERM") => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: (signal: "SIGINT" | "SIGTERM") => void): unknown;
}

/**
 * Runs `work` with a signal that the first Ctrl-C (or SIGTERM) aborts. The second finds no listener of ours any more, so
 * that the system ends the process at once.
 */
export const interruptible = async <T>(
  source: SignalSource,
  say: (line: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  const release = (): void => {
    source.off("SIGINT", stop);
    source.off("SIGTERM", stop);
  };
  const stop = (signal: "SIGINT" | "SIGTERM"): void => {
    release();
    say("stopping after this step; the same command resumes (again to stop at once)");
    controller.abort(signal);
  };
  source.on("SIGINT", stop);
  source.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    release();
  }
};
