import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { type Progress, type ProgressEvent, progressTo } from "../../src/support/work/progress.ts";
import {
  historyOf,
  type JobKind,
  type KeptAround,
  type KeptJob,
  runKept,
  runKeptLoop,
  tensorStore,
} from "../../src/training/kept.ts";
import { runLoop } from "../../src/training/loop.ts";
import { openQuadratic, type QuadraticStepper, quadraticLoop, traceQuadratic } from "./quadratic.ts";

let device: Device;
let folder: string;
let stepper: QuadraticStepper;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  stepper = await openQuadratic(device);
  folder = await mkdtemp(join(tmpdir(), "distillery-events-"));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

/** Progress whose events are kept. */
const collecting = (): { readonly progress: Progress; readonly events: readonly ProgressEvent[] } => {
  const events: ProgressEvent[] = [];
  return { progress: progressTo((event) => events.push(event)), events };
};

const updatesIn = (events: readonly ProgressEvent[]) => events.filter((event) => event.type === "update");

test("the events of a loop survive JSON, and their scalars are the losses of its steps", async () => {
  const { progress, events } = collecting();
  const losses: number[] = [];
  const watched: typeof stepper = {
    ...stepper,
    run: async (feeds) => {
      const fetched = await stepper.run(feeds);
      losses.push(Number(fetched.loss.data[0]));
      return fetched;
    },
  };
  const { history } = await runLoop(quadraticLoop(watched, { steps: 12 }), { progress });

  expect(JSON.parse(JSON.stringify(events))).toStrictEqual(events);
  expect(events).toStrictEqual([
    { type: "start", task: 0, title: "quadratic", total: 12 },
    ...losses.map((loss, i) => ({ type: "update", task: 0, done: i + 1, scalars: { loss } })),
    { type: "end", task: 0 },
  ]);
  expect(losses).toHaveLength(12);
  expect(history.series.loss).toEqual(losses);
});

test("the scalars of a long loop are the means of its stretches", async () => {
  const { progress, events } = collecting();
  const { history } = await runLoop(quadraticLoop(stepper, { steps: 250 }), { progress });
  const [first, second, third] = updatesIn(events).map(({ scalars }) => scalars);
  expect(first).toEqual({});
  expect([second, third]).toEqual([{ loss: history.series.loss![0] }, { loss: history.series.loss![0] }]);
  expect(JSON.parse(JSON.stringify(events))).toStrictEqual(events);
});

test("several loops are one task, whose updates carry the scalars of the loop that made a step", async () => {
  const { progress, events } = collecting();
  const steps = 5;
  const loops: JobKind<KeptAround> = {
    kind: "loop",
    store: tensorStore,
    open: async () => async (job, worker, context) => {
      const quadratic = await worker.stepper("quadratic", traceQuadratic);
      const loop = quadraticLoop(quadratic, { steps, spoil: () => Number(job.spec) });
      return runKeptLoop(folder, job, { ...loop, keep: ({ x }) => ({ x }) }, context);
    },
  };
  const jobs = [1, 2].map(
    (factor): KeptJob => ({ kind: "loop", name: `${factor}`, spec: factor, key: `${factor}`, cost: steps }),
  );
  const run = () => runKept("both", loops, jobs, () => 1, { folder, device, progress, jobs: 1 });
  const kept = await run();

  expect(events).toStrictEqual([
    { type: "start", task: 0, title: "both", total: 10 },
    ...kept
      .flatMap((one) => historyOf(one).series.loss!)
      .map((loss, i) => ({ type: "update", task: 0, done: i + 1, scalars: { loss } })),
    { type: "end", task: 0 },
  ]);

  const before = events.length;
  await run();
  expect(events.slice(before)).toStrictEqual([
    { type: "start", task: 1, title: "both", total: 10 },
    { type: "update", task: 1, done: 5 },
    { type: "update", task: 1, done: 10 },
    { type: "end", task: 1 },
  ]);
});
