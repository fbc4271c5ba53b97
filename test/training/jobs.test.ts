import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Traced } from "../../src/autodiff/index.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { DistilleryError } from "../../src/support/errors.ts";
import type { Context } from "../../src/support/work/context.ts";
import { silent } from "../../src/support/work/progress.ts";
import { checkpointFile } from "../../src/training/checkpoint.ts";
import { type Job, type Machine, machineOf, memoryForJobs, planWaves, runJobs } from "../../src/training/jobs.ts";
import { runLoop } from "../../src/training/loop.ts";
import { quadraticLoop, recording, traceQuadratic } from "./quadratic.ts";

describe("planWaves", () => {
  test.each([
    // One job, or one at a time: all cores.
    [1, 8, 2, [[0, 1, 1, 2]]],
    [5, 1, 4, [[0, 5, 1, 4]]],
    [4, 8, 2, [[0, 4, 2, 1]]],
    // What would be left over goes first, with more threads each.
    [
      5,
      8,
      2,
      [
        [0, 1, 1, 2],
        [1, 5, 2, 1],
      ],
    ],
    [
      6,
      8,
      4,
      [
        [0, 2, 2, 2],
        [2, 6, 4, 1],
      ],
    ],
    [3, 8, 16, [[0, 3, 3, 5]]],
    [2, 0, 2, [[0, 2, 1, 2]]],
    [0, 8, 2, []],
  ])("%i jobs, at most %i at once, on %i cores", (count, most, cores, waves) => {
    const planned = planWaves(count, most, cores);
    expect(planned.map(({ from, to, workers, threads }) => [from, to, workers, threads])).toEqual(waves);
    for (const { workers, threads } of planned) expect(workers * threads).toBeLessThanOrEqual(cores);
  });
});

/** A machine whose devices compute nothing and are counted. */
const countingMachine = (cores: number, name: Device["name"] = "cpu") => {
  const count = { open: 0, mostOpen: 0, sessions: 0, mostSessions: 0, compiled: 0 };
  const threads: number[] = [];
  const deviceOf = (close: () => void): Device => ({
    name,
    compile: () => Promise.reject(new Error("nothing is compiled")),
    load: () => Promise.reject(new Error("nothing is loaded")),
    compileStep: async () => {
      count.compiled++;
      count.mostSessions = Math.max(count.mostSessions, ++count.sessions);
      return { release: async () => void count.sessions-- } as never;
    },
    close: async () => close(),
  });
  const machine: Machine = {
    device: deviceOf(() => expect.unreachable("the machine's device is not ours to close")),
    cores,
    open: async (n) => {
      threads.push(n);
      count.mostOpen = Math.max(count.mostOpen, ++count.open);
      return deviceOf(() => count.open--);
    },
  };
  return { machine, count, threads };
};

const small = (): number => 1;
const around: Context = { progress: silent };

const job = <R>(work: Job<R>["work"], over: Partial<Job<R>> = {}): Job<R> => ({
  cost: 1,
  finished: async () => undefined,
  work,
  ...over,
});

const anyStep = (): Traced<never, never> => ({}) as never;

describe("runJobs", () => {
  test("returns results in the order of the jobs, however they end, and holds no more than its workers", async () => {
    const { machine, count, threads } = countingMachine(2);
    let [running, most] = [0, 0];
    const jobs = Array.from({ length: 8 }, (_, i) =>
      job(async (worker) => {
        most = Math.max(most, ++running);
        await worker.stepper(`graph ${i % 3}`, anyStep as never);
        await setTimeout(i % 2 === 0 ? 20 : 1);
        running--;
        return i;
      }),
    );
    expect(await runJobs(machine, jobs, small, around)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(2);
    expect(threads).toEqual([1, 1]);
    expect(count).toMatchObject({ open: 0, mostOpen: 2, sessions: 0, mostSessions: 2 });
  });

  test("compiles a step once for jobs of one kind in a row", async () => {
    const { machine, count } = countingMachine(1);
    const names = ["a", "a", "b", "b", "a"];
    const jobs = names.map((name) => job((worker) => worker.stepper(name, anyStep as never)));
    const steppers = await runJobs(machine, jobs, small, around);
    expect(steppers[1]).toBe(steppers[0]);
    expect(count).toMatchObject({ compiled: 3, mostSessions: 1, sessions: 0 });
  });

  test("starts the costliest first, those that would be left over alone", async () => {
    const { machine } = countingMachine(2);
    const started: string[] = [];
    const jobs = [1, 5, 3, 9, 1].map((cost) =>
      job(
        async (worker) => {
          started.push(`${cost}${worker.device === machine.device ? " alone" : ""}`);
          await setTimeout(2 * cost);
        },
        { cost },
      ),
    );
    await runJobs(machine, jobs, small, around);
    expect(started).toEqual(["9 alone", "5", "3", "1", "1"]);
  });

  test("leaves finished jobs alone, and gives the others the threads they would have had", async () => {
    const { machine, threads, count } = countingMachine(4);
    const jobs = Array.from({ length: 4 }, (_, i) =>
      job(async () => `made ${i}`, { finished: async () => (i === 2 ? undefined : `found ${i}`) }),
    );
    expect(await runJobs(machine, jobs, small, around)).toEqual(["found 0", "found 1", "made 2", "found 3"]);
    expect(threads).toEqual([1]);
    expect(count.open).toBe(0);
    const none = jobs.slice(0, 2);
    expect(await runJobs(machine, none, () => expect.unreachable(), around)).toEqual(["found 0", "found 1"]);
  });

  test("runs as many at once as memory allows, or as asked for, and one on a GPU", async () => {
    const workersOf = async (bytes: number, name: Device["name"], jobs?: number): Promise<number> => {
      const { machine, count } = countingMachine(4, name);
      const work = job(() => setTimeout(2));
      await runJobs(machine, Array<Job<unknown>>(8).fill(work), () => bytes, {
        ...around,
        ...(jobs === undefined ? {} : { jobs }),
      });
      return Math.max(1, count.mostOpen);
    };
    expect(await workersOf(1, "cpu")).toBe(4);
    expect(await workersOf(memoryForJobs / 2, "cpu")).toBe(2);
    expect(await workersOf(memoryForJobs / 1.9, "cpu")).toBe(1);
    expect(await workersOf(2 * memoryForJobs, "cpu")).toBe(1);
    expect(await workersOf(memoryForJobs, "cpu", 4)).toBe(4);
    expect(await workersOf(1, "cpu", 1)).toBe(1);
    expect(await workersOf(1, "webgpu")).toBe(1);
  });

  test("a job that fails stops the others, starts no more, and is the error", async () => {
    const { machine, count } = countingMachine(2);
    const seen: string[] = [];
    const waits = job(async (worker, { signal }) => {
      await worker.stepper("a", anyStep as never);
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      seen.push("stopped");
      throw new DistilleryError("INTERRUPTED", "waits: stopped");
    });
    const fails = job(async () => {
      await setTimeout(5);
      throw new DistilleryError("NOT_FINITE", "fails: loss became NaN");
    });
    const never = job(async () => void seen.push("started"));
    const run = runJobs<unknown>(machine, [waits, fails, never, never], small, around);
    await expect(run).rejects.toThrow("fails: loss became NaN");
    expect(seen).toEqual(["stopped"]);
    expect(count).toMatchObject({ open: 0, sessions: 0 });
  });

  test("a device that does not open is an error too, and the other is closed", async () => {
    const { machine, count } = countingMachine(2);
    let opened = 0;
    const open: Machine["open"] = (...given) =>
      opened++ === 0 ? machine.open(...given) : Promise.reject(new Error("no device"));
    const jobs = Array.from({ length: 4 }, () => job(() => setTimeout(5)));
    await expect(runJobs({ ...machine, open }, jobs, small, around)).rejects.toThrow("no device");
    expect(count.open).toBe(0);
  });
});

describe("loops side by side", () => {
  let folder: string;
  let machine: Machine;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-jobs-"));
    machine = { ...machineOf(await openDevice("cpu", { threads: 2 })), cores: 2 };
  });
  afterAll(async () => {
    await machine.device.close();
    await rm(folder, { recursive: true });
  });

  /** Four loops; with `stop`, the first two wait for each other, and the second stops all in its middle. */
  const learn = async (name: string, jobs: number, stop?: AbortController) => {
    let [there, everyoneThere] = [0, (): void => undefined];
    const together = new Promise<void>((resolve) => {
      everyoneThere = resolve;
    });
    const loops = [1, 2, 3, 4].map((rate, i) =>
      job(async (worker, context) => {
        const stepper = await worker.stepper("quadratic", traceQuadratic);
        const loop = quadraticLoop(stepper, { steps: 500, rate: () => 0.01 * rate });
        if (++there === jobs) everyoneThere();
        if (stop) await together;
        const progress = recording((done) => done === 20 && i === 1 && stop?.abort());
        const checkpoint = checkpointFile(join(folder, name, `${i}.partial`), `${i}`);
        const { state } = await runLoop({ ...loop, checkpoint }, { ...context, progress });
        return [...(state.x.data as Float32Array)];
      }),
    );
    return runJobs(machine, loops, small, { progress: silent, jobs, ...(stop ? { signal: stop.signal } : {}) });
  };

  test("an interrupt saves each one's checkpoint, and the same bits come out as one by one", async () => {
    const oneByOne = await learn("one", 1);
    expect(new Set(oneByOne.map(String)).size).toBe(4);
    await expect(learn("two", 2, new AbortController())).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(await readdir(join(folder, "two"))).toEqual(["0.partial", "1.partial"]);
    expect(await learn("two", 2)).toEqual(oneByOne);
  });
});
