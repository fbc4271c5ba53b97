// Child processes that compute jobs, as their parent sees them.
import { fork } from "node:child_process";
import { rm } from "node:fs/promises";
import { DistilleryError } from "../../support/errors.ts";
import type { FromChild, Order, ToChild, Told, Wanted } from "./messages.ts";

/** A process that has walked as far as the jobs of a run, one at a time. */
export interface Child {
  /** Ends when the run's ground was found to be the same. @throws DistilleryError where it is not, or the process died. */
  readonly ready: Promise<void>;
  readonly alive: () => boolean;
  /** Makes one job and publishes its result; a signal stops it at its next step. @throws JOB where the process has ended. */
  make(wanted: Wanted, advance: (units: number) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const program = new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url);

/** Milliseconds that a process may take to end. */
const grace = 5_000;

const errorOf = ({ code, message }: Told): Error =>
  code === undefined ? new Error(message) : new DistilleryError(code, message);

const deferred = () => {
  let [resolve, reject] = [(): void => undefined, (_: unknown): void => undefined];
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
};

/** Starts a process for a run; `module` is its program. */
export const forkChild = (order: Order, note: (line: string) => void, module: URL = program): Child => {
  const { DISTILLERY_REDIS_PASSWORD: _, ...env } = process.env;
  // Its standard output is no result of this command.
  const loader = module.pathname.endsWith(".ts") ? ["--import", import.meta.resolve("tsx")] : [];
  const child = fork(module, { env, execArgv: loader, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  /** The error for jobs that are asked for from now on; undefined while it lives. */
  let over: Error | undefined;
  let current: { resolve(): void; reject(error: unknown): void; advance(units: number): void } | undefined;
  const ready = deferred();
  const ended = deferred();
  ready.promise.catch(() => undefined);
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  const die = (why: string): void => {
    const error = new DistilleryError("JOB", `the process that computed it ended ${why}`);
    over = error;
    ready.reject(error);
    current?.reject(error);
    current = undefined;
    ended.resolve();
  };
  child.on("error", (error) => die(`: ${error.message}`));
  child.on("exit", (status, signal) => {
    // The system kills with this signal where memory is short.
    const memory = signal === "SIGKILL" ? "; was there too little memory?" : "";
    die(`${signal === null ? `with status ${status}` : `by ${signal}`}${memory}`);
  });
  child.on("message", (message: FromChild) => {
    switch (message.type) {
      case "ready":
        return ready.resolve();
      case "refused":
        return ready.reject(errorOf(message.error));
      case "progress":
        return current?.advance(message.units);
      case "note":
        return note(message.text);
      case "made":
        current?.resolve();
        break;
      case "failed": {
        const error = errorOf(message.error);
        if (message.over) over = error;
        current?.reject(error);
        break;
      }
    }
    current = undefined;
  });
  send({ type: "order", order });
  return {
    ready: ready.promise,
    alive: () => over === undefined,
    make: async (wanted, advance, signal) => {
      await ready.promise;
      if (over !== undefined) throw over;
      const stop = (): void => send({ type: "stop" });
      const made = new Promise<void>((resolve, reject) => {
        current = { resolve, reject, advance };
      });
      send({ type: "make", wanted });
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      await made.finally(() => signal.removeEventListener("abort", stop));
    },
    close: async () => {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), grace);
      if (child.exitCode === null && child.signalCode === null) await ended.promise;
      clearTimeout(timer);
      await rm(order.scratch, { recursive: true, force: true });
    },
  };
};
