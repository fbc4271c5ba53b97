import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takingTurns } from "../../src/distill/turns.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { silent } from "../../src/support/work/progress.ts";
import { rehearse } from "../../src/support/work/rehearsal.ts";
import { checkpointFile } from "../../src/training/checkpoint.ts";
import { runLoop } from "../../src/training/loop.ts";
import { openQuadratic, type QuadraticOptions, type QuadraticStepper, quadraticLoop, recording } from "./quadratic.ts";

const devices: Device[] = [];
let folder: string;
/** Steppers that do one step in a run, and up to four. */
let [one, four]: QuadraticStepper[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-steps-"));
  devices.push(await openDevice("cpu", { threads: 1 }), await openDevice("cpu", { threads: 1, stride: () => 4 }));
  [one, four] = await Promise.all(devices.map(openQuadratic));
});
afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await rm(folder, { recursive: true });
});

const steps = 230;

/** The loop by a stepper, which tells how many steps each run takes; the first value of x is looked at and watched. */
const observed = (stepper: QuadraticStepper, options: Partial<QuadraticOptions> = {}) => {
  const [runs, seen]: [number[], [number, number][]] = [[], []];
  const { several } = stepper;
  const telling: QuadraticStepper = {
    ...stepper,
    ...(several && {
      several: {
        stride: several.stride,
        prepare: (given) => {
          runs.push(given.length);
          return several.prepare(given);
        },
      },
    }),
  };
  const loop = {
    ...quadraticLoop(telling, { steps, ...options }),
    looks: { after: [1, 31, 62, 125], look: async ({ x }: { x: { data: ArrayLike<unknown> } }) => Number(x.data[0]) },
    watch: {
      every: 23,
      begin: async () => undefined,
      see: async ({ x }: { x: { data: ArrayLike<unknown> } }, step: number) =>
        void seen.push([step, Number(x.data[0])]),
    },
  };
  return { loop, runs, seen };
};

const resultOf = ({ seconds: _, ...result }: Awaited<ReturnType<typeof runLoop>>) => result;

test("many steps in one run: the same result, history and looks, and each run ends where somebody looks", async () => {
  const [single, many] = [observed(one!), observed(four!)];
  const expected = resultOf(await runLoop(single.loop, { progress: silent }));
  const done: number[] = [];
  const found = resultOf(await runLoop(many.loop, { progress: recording((at) => done.push(at)) }));
  expect(found).toEqual(expected);
  expect(found.looked).toHaveLength(4);
  expect(many.seen).toEqual(single.seen);
  expect(many.seen.map(([step]) => step)).toEqual(Array.from({ length: 10 }, (_, i) => 23 * (i + 1)));
  expect(many.runs.slice(0, 10)).toEqual([1, 4, 4, 4, 4, 4, 2, 4, 4, 4]);
  expect(done.slice(0, 4)).toEqual([1, 5, 9, 13]);
  expect([many.runs.reduce((a, b) => a + b), done.at(-1)]).toEqual([steps, steps]);
});

test.each([
  ["and goes on as it was", "four"],
  ["and goes on step by step", "one"],
])("stopped between two runs, %s: the same bits", async (_what, next) => {
  const expected = resultOf(await runLoop(observed(one!).loop, { progress: silent }));
  const checkpoint = checkpointFile(join(folder, `${next}.partial`), "work");
  const stop = new AbortController();
  const progress = recording((at) => at >= 7 && stop.abort());
  const stopped = runLoop({ ...observed(four!).loop, checkpoint }, { progress, signal: stop.signal });
  await expect(stopped).rejects.toThrow("stopped at step 9 of 230; the same command resumes");
  const asked: number[] = [];
  const again = observed(next === "four" ? four! : one!, { onFeeds: (step) => asked.push(step) });
  expect(resultOf(await runLoop({ ...again.loop, checkpoint }, { progress: silent }))).toEqual(expected);
  expect(asked[0]).toBe(9);
});

test("killed in the middle: a checkpoint holds whole runs, and the rest is done again to the same bits", async () => {
  const expected = resultOf(await runLoop(observed(one!).loop, { progress: silent }));
  const checkpoint = checkpointFile(join(folder, "killed.partial"), "work");
  const crash = (step: number) => {
    if (step === 20) throw new Error("killed");
  };
  const killed = runLoop(
    { ...observed(four!, { onFeeds: crash }).loop, checkpoint },
    { progress: silent, secondsBetweenCheckpoints: -1 },
  );
  await expect(killed).rejects.toThrow("killed");
  const asked: number[] = [];
  const again = observed(four!, { onFeeds: (step) => asked.push(step) });
  expect(resultOf(await runLoop({ ...again.loop, checkpoint }, { progress: silent }))).toEqual(expected);
  expect(asked[0]).toBe(17);
});

test("a loss that is no number is told with its own step", async () => {
  const spoil = (step: number) => (step === 7 ? Number.NaN : 1);
  for (const stepper of [one!, four!]) {
    const run = runLoop(quadraticLoop(stepper, { steps, spoil }), { progress: silent });
    await expect(run).rejects.toThrow("quadratic: loss became NaN at step 8 of 230");
  }
});

test("steppers that take turns run together what one of them has to do at a time", async () => {
  const turnOf = (step: number) => ({ data: BigInt64Array.of(step % 10 < 6 ? 0n : 1n), dtype: "int64", shape: [] });
  const results = [];
  for (const device of devices) {
    const steppers = [await openQuadratic(device), await openQuadratic(device)];
    const loop = quadraticLoop(steppers[0]!, { steps: 25 });
    const stepper = takingTurns(steppers);
    const feeds = async (step: number) => ({ ...(await loop.feeds(step)), turn: turnOf(step) });
    expect(stepper.several?.stride).toBe(device === devices[0] ? undefined : 4);
    results.push(resultOf(await runLoop({ ...loop, stepper, feeds } as never, { progress: silent })));
    await stepper.release();
  }
  expect(results[1]).toEqual(results[0]);
});

test("a rehearsal shares a run's time among its steps", () => {
  let now = 0;
  const clock = rehearse({ note: () => undefined, alive: () => undefined, enough: 0, now: () => now });
  const pace = clock.pace("work", 100, true);
  for (now of [40, 80]) pace.tick(4);
  expect(pace.more()).toBe(false);
  pace.end();
  expect(clock.longest()).toEqual({ steps: 100, step: 0.01 });
  expect(clock.seconds()).toBeCloseTo(0.08 + 0.92, 9);
});

test("the feeds of a run are put together while the one before goes on", async () => {
  const log: string[] = [];
  const { loop } = observed(four!, { onFeeds: (step) => step > 0 && log.push(`feeds ${step}`) });
  const { several } = four!;
  const stepper: QuadraticStepper = {
    ...four!,
    several: {
      stride: 4,
      prepare: (given) => {
        const run = several!.prepare(given);
        return async () => {
          const fetched = await run();
          // By then the loop, which does not wait for it, has had time enough.
          await new Promise((resolve) => setTimeout(resolve, 50));
          log.push(`ran ${given.length}`);
          return fetched;
        };
      },
    },
  };
  await runLoop({ ...loop, looks: undefined, watch: undefined, stepper, steps: 12 } as never, { progress: silent });
  expect(log.indexOf("ran 4")).toBeGreaterThan(log.indexOf("feeds 7"));
});
