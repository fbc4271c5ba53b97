// Running independent jobs side by side on workers.
import { availableParallelism } from "node:os";
import type { Step } from "../autodiff/index.ts";
import { type Device, openDevice, type Stepper } from "../runtime/index.ts";
import type { Context } from "../support/work/context.ts";
import { makespan } from "../support/work/rehearsal.ts";

/** A device, and the one thing that was opened on it last, mostly a step: memory does not grow with the number of jobs. */
export interface Worker {
  readonly device: Device;
  /** Cores that it has. */
  readonly threads: number;
  /** Seconds that it has taken to open things. */
  opening(): number;
  /**
   * Returns the thing of this name, opening it where the last one had another, after that one was released. `open`
   * holds nothing on the worker itself.
   */
  held<Held extends Releasable>(name: string, open: () => Promise<Held>): Promise<Held>;
  /** The compiled step of this name; it is traced and compiled where the worker's last one had another name. */
  stepper<State, Feeds, Fetches>(
    name: string,
    traced: () => Step<State, Feeds, Fetches>,
  ): Promise<Stepper<State, Feeds, Fetches>>;
}

interface Releasable {
  release(): Promise<void>;
}

/** Opens something for each item, one after the other; where one fails, those before it are released. */
export const openEach = async <Item, Opened extends Releasable>(
  items: readonly Item[],
  open: (item: Item) => Promise<Opened>,
): Promise<Opened[]> => {
  const opened: Opened[] = [];
  try {
    for (const item of items) opened.push(await open(item));
    return opened;
  } catch (error) {
    for (const one of opened) await one.release();
    throw error;
  }
};

/** Work that depends on no other job. */
export interface Job<Result> {
  /** Its length relative to the others, in any unit. */
  readonly cost: number;
  /** Returns its result where an earlier run has made it. */
  finished(): Promise<Result | undefined>;
  work(worker: Worker, context: Context): Promise<Result>;
}

/** Jobs `from` to `to` - 1, run on so many devices of so many threads each. */
export interface Wave {
  readonly from: number;
  readonly to: number;
  readonly workers: number;
  readonly threads: number;
}

/** Bytes that all workers together may take by estimate, so that a process with its data stays below 1.2 GB. */
export const memoryForJobs = 800 * 2 ** 20;

/**
 * Shares the cores among `count` jobs: as many side by side as allowed, and those that would be left over first, with more
 * threads each. It depends on all jobs of the plan, finished or not, so that a resumed run gives each job its threads again.
 */
export const planWaves = (count: number, most: number, cores: number, fixed?: number): Wave[] => {
  if (fixed !== undefined) {
    const workers = Math.max(1, Math.min(most, count, Math.floor(cores / fixed)));
    return [{ from: 0, to: count, workers, threads: fixed }];
  }
  const workers = Math.max(1, Math.min(most, count, cores));
  const odd = count % workers;
  return [
    { from: 0, to: odd, workers: odd },
    { from: odd, to: count, workers },
  ]
    .filter(({ from, to }) => to > from)
    .map((wave) => ({ ...wave, threads: Math.max(1, Math.floor(cores / wave.workers)) }));
};

const openWorker = (device: Device, threads: number): Worker & { close(): Promise<void> } => {
  let opening = 0;
  let current: { readonly name: string; readonly held: Releasable } | undefined;
  const close = async (): Promise<void> => {
    const last = current;
    current = undefined;
    await last?.held.release();
  };
  const held = async <Held extends Releasable>(name: string, open: () => Promise<Held>): Promise<Held> => {
    if (current?.name !== name) {
      await close();
      const began = performance.now();
      current = { name, held: await open() };
      opening += (performance.now() - began) / 1000;
    }
    return current.held as Held;
  };
  return {
    device,
    threads,
    opening: () => opening,
    held,
    stepper: (name, traced) => held(name, () => device.compileStep(traced())),
    close,
  };
};

/** The devices that jobs run on. */
export interface Machine {
  /** Has all cores; takes the jobs that run alone. */
  readonly device: Device;
  readonly cores: number;
  /** `note` takes what the device has to say. */
  open(threads: number, note: (line: string) => void): Promise<Device>;
}

/** A worker on a device of so many threads, of its own or the machine's where that has just those. */
const workerOn = async (machine: Machine, threads: number, alone: boolean, note: (line: string) => void) => {
  const device = alone ? machine.device : await machine.open(threads, note);
  const worker = openWorker(device, threads);
  return {
    worker,
    close: async (): Promise<void> => {
      await worker.close();
      if (device !== machine.device) await device.close();
    },
  };
};

/** A worker of its own for an executor. */
export const openLane = (machine: Machine, threads: number, note: (line: string) => void) =>
  workerOn(machine, threads, machine.device.name !== "cpu", note);

export const machineOf = (device: Device): Machine => ({
  device,
  cores: availableParallelism(),
  open: (threads, note) => openDevice(device.name, { threads, note }),
});

/** Counts the jobs that may run at once: as the user says, or as memory allows. A GPU is one device for one job. */
const mostAtOnce = ({ device }: Machine, bytes: () => number, asked: number | undefined): number => {
  if (asked !== undefined) return asked;
  return device.name === "cpu" ? Math.floor(memoryForJobs / bytes()) : 1;
};

/**
 * Runs independent jobs side by side and returns their results in the order of the jobs. The costliest start first. `bytes`
 * estimates the memory of the largest job. When a job fails the others stop after their step, as when the user stops them,
 * and the first error is thrown.
 */
export const runJobs = async <Result>(
  machine: Machine,
  jobs: readonly Job<Result>[],
  bytes: () => number,
  { jobs: asked, rehearsal, ...context }: Context,
): Promise<Result[]> => {
  const results = new Map<number, Result>();
  for (const [index, job] of jobs.entries()) {
    const result = await job.finished();
    if (result !== undefined) results.set(index, result);
  }
  const stop = new AbortController();
  const signal = context.signal ? AbortSignal.any([context.signal, stop.signal]) : stop.signal;
  const failures: unknown[] = [];

  const workOn = async (queue: number[], { workers, threads }: Wave, seconds: number[]): Promise<void> => {
    const whole = machine.device.name !== "cpu" || (workers === 1 && context.threads === undefined);
    const { worker, close } = await workerOn(machine, threads, whole, context.progress.note);
    try {
      for (let index = queue.shift(); index !== undefined && failures.length === 0; index = queue.shift()) {
        const apart = rehearsal?.apart();
        results.set(index, await jobs[index]!.work(worker, { ...context, signal, ...(apart && { rehearsal: apart }) }));
        if (apart) seconds.push(apart.seconds());
      }
    } finally {
      await close();
    }
  };

  const order = jobs.map((_, index) => index).sort((a, b) => jobs[b]!.cost - jobs[a]!.cost);
  const most = results.size === jobs.length ? 1 : mostAtOnce(machine, bytes, asked);
  for (const wave of planWaves(jobs.length, most, machine.cores, context.threads)) {
    const queue = order.slice(wave.from, wave.to).filter((index) => !results.has(index));
    const seconds: number[] = [];
    const began = rehearsal?.seconds() ?? 0;
    const workers = Array.from({ length: Math.min(wave.workers, queue.length) }, () =>
      workOn(queue, wave, seconds).catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      }),
    );
    await Promise.all(workers);
    if (failures.length > 0) throw failures[0];
    if (rehearsal) rehearsal.skip(makespan(seconds, workers.length) - (rehearsal.seconds() - began));
  }
  return jobs.map((_, index) => results.get(index)!);
};
