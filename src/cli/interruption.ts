// Handling of Ctrl-C and SIGTERM.
import { errorTable } from "../support/errors.ts";

type StopSignal = "SIGINT" | "SIGTERM";
type Listener = (signal: StopSignal) => void;

/** A source of signals: `process`, or what stands before it. */
export interface SignalSource {
  on(signal: StopSignal, listener: Listener): unknown;
  off(signal: StopSignal, listener: Listener): unknown;
}

/** The part of `process` that ends it. */
export interface Ending {
  readonly stderr: { write(text: string): unknown };
  exit(status: number): void;
}

/** Milliseconds that work may take to end in good order after the first signal. */
const grace = 5_000;

/**
 * Listens from now on, before anything else is loaded. The first signal goes to who listens here, and ends the process at
 * once where nobody does, or after a while where the work cannot be stopped: files are written whole or not at all. The
 * second finds no listener any more, so that the system ends the process.
 */
export const firstSignal = (source: SignalSource, process: Ending): SignalSource => {
  const listeners = { SIGINT: new Set<Listener>(), SIGTERM: new Set<Listener>() };
  const end = (why: string): void => {
    const { exit } = errorTable.INTERRUPTED;
    process.stderr.write(`stopped: ${why}; the same command resumes\ncode INTERRUPTED, exit status ${exit}\n`);
    process.exit(exit);
  };
  const first: Listener = (signal) => {
    source.off("SIGINT", first);
    source.off("SIGTERM", first);
    if (listeners[signal].size === 0) return end(`by ${signal}`);
    setTimeout(end, grace, "what was under way did not end").unref();
    for (const listener of [...listeners[signal]]) listener(signal);
  };
  source.on("SIGINT", first);
  source.on("SIGTERM", first);
  return {
    on: (signal, listener) => listeners[signal].add(listener),
    off: (signal, listener) => listeners[signal].delete(listener),
  };
};

/** Runs `work` with a signal that the first Ctrl-C (or SIGTERM) aborts; it listens no more then. */
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
  const stop = (signal: StopSignal): void => {
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
