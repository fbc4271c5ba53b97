// The loop of steps, with its history and checkpoints.
import { z } from "zod";
import { type TensorType, tensorsOf } from "../autodiff/index.ts";
import type { Stepper, Tensors } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Context } from "../support/work/context.ts";
import type { Progress, ScalarValues } from "../support/work/progress.ts";
import { paceOf, type Rehearsal } from "../support/work/rehearsal.ts";
import { readAhead } from "./read-ahead.ts";
import { runsOf } from "./runs.ts";
import { named, rebuild, type Stored } from "./stored.ts";

/** A history in a file. */
export const historySchema = z.strictObject({
  steps: z.array(z.number()),
  series: z.record(z.string(), z.array(z.number())),
});

/** Measured scalars over the steps, each point the mean of a stretch of steps that ends there. */
export interface History {
  readonly steps: readonly number[];
  readonly series: Readonly<Record<string, readonly number[]>>;
}

/** Types of what a loop measures. */
export type Scalars = Readonly<Record<string, TensorType>>;

/** A place for a loop's state meanwhile. */
export interface Checkpoint {
  /** Identifies the work; the state of other work is ignored. */
  readonly key: string;
  /** Names it in messages, e.g. its file. */
  readonly name: string;
  /** Reads what was written last; undefined where there is nothing, or nothing whole. */
  read(progress: Progress): Promise<Stored | undefined>;
  write(stored: Stored): Promise<void>;
}

/** Steps whose state can be saved at any step and that go on from there as if nothing had happened. */
export interface Loop<State, Feeds, Fetches extends Scalars> {
  readonly title: string;
  readonly stepper: Stepper<State, Feeds, Fetches>;
  readonly types: State;
  readonly steps: number;
  readonly start: () => Tensors<State>;
  /** The feeds of a step, made from keyed random streams only, so that a resumed loop sees the same. */
  readonly feeds: (step: number) => Promise<Tensors<Feeds>>;
  readonly checkpoint?: Checkpoint;
  /** Advice for a loss that is no longer finite. */
  readonly advice: string;
  readonly looks?: Looks<State>;
  readonly watch?: Watcher<State>;
}

/** Somebody who sees the state after every so many steps, and changes nothing of it; training waits. */
export interface Watcher<State> {
  readonly every: number;
  /** Is told how many steps are done already. */
  begin(step: number): Promise<void>;
  see(state: Tensors<State>, step: number): Promise<void>;
}

/**
 * Measurements of the state on the way, which change nothing of what is learnt; training waits for them. They are kept in the
 * checkpoint, so its key must tell after which steps they are made.
 */
export interface Looks<State> {
  /** Counts of steps done, rising. */
  readonly after: readonly number[];
  readonly look: (state: Tensors<State>, step: number) => Promise<number>;
}

const points = 100;

/** Batches that wait for their step, so that one that takes long to make delays none. */
const batchesAhead = 3;

const progressSchema = z.strictObject({
  step: z.int().min(0),
  steps: z.array(z.number()),
  series: z.record(z.string(), z.array(z.number())),
  /** Sums over the unfinished stretch. */
  open: z.record(z.string(), z.number()),
  count: z.int().min(0),
  /** Absent from checkpoints of earlier versions, whose loops had no looks. */
  looked: z.array(z.number()).default([]),
  /** Seconds of steps, without those of looks; absent from checkpoints of earlier versions. */
  seconds: z.number().min(0).default(0),
});
type Progressed = z.infer<typeof progressSchema>;

const resume = async <State, Feeds, Fetches extends Scalars>(loop: Loop<State, Feeds, Fetches>, progress: Progress) => {
  const { checkpoint, types } = loop;
  const stored = await checkpoint?.read(progress);
  const at: Progressed = { step: 0, steps: [], series: {}, open: {}, count: 0, looked: [], seconds: 0 };
  const fresh = { state: loop.start, at };
  if (stored === undefined || checkpoint === undefined || stored.metadata.key !== checkpoint.key) return fresh;
  try {
    const state = rebuild(types, stored.tensors, checkpoint.name);
    return { state: () => state, at: progressSchema.parse(JSON.parse(stored.metadata.progress ?? "")) };
  } catch {
    return fresh;
  }
};

const allFinite = (state: unknown): boolean =>
  tensorsOf(state).every(({ leaf: { data } }) => !(data instanceof Float32Array) || data.every(Number.isFinite));

/** The last point of every series. */
const lastOf = (series: History["series"]): ScalarValues =>
  Object.fromEntries(Object.entries(series).map(([name, values]) => [name, values.at(-1)!]));

/** Does one of the looks that are left, and takes it for all of them. */
const rehearseLooks = async <State>(
  rehearsal: Rehearsal,
  { after, look }: Looks<State>,
  { looked, step }: Progressed,
  read: () => Promise<Tensors<State>>,
): Promise<void> => {
  const left = after.length - looked.length;
  if (left === 0) return;
  const before = rehearsal.seconds();
  const seen = await look(await read(), step);
  rehearsal.skip((left - 1) * (rehearsal.seconds() - before));
  for (let i = 0; i < left; i++) looked.push(seen);
};

/**
 * Runs a loop to its end and returns the final state, what was measured, what its looks saw, and the seconds of its steps over
 * all the times that it was taken up; steps that a killed process did after its last checkpoint are not among them.
 * @throws NOT_FINITE when a measured scalar or the state is NaN or infinite (the last checkpoint stays), INTERRUPTED when
 * told to stop (after saving a checkpoint).
 */
export const runLoop = async <State, Feeds, Fetches extends Scalars>(
  loop: Loop<State, Feeds, Fetches>,
  { progress, signal, secondsBetweenCheckpoints = 20, rehearsal }: Context,
): Promise<{ state: Tensors<State>; history: History; looked: readonly number[]; seconds: number }> => {
  const { stepper, steps, checkpoint, title, looks, watch } = loop;
  const { state, at } = await resume(loop, progress);
  await stepper.write(state());
  await watch?.begin(at.step);
  let since = performance.now();
  const account = (): void => {
    const now = performance.now();
    at.seconds += (now - since) / 1000;
    since = now;
  };
  const stretch = Math.max(1, Math.floor(steps / points));
  const task = progress.task(title, steps);
  let good = at.step;
  const blownUp = (what: string, step: number): DistilleryError => {
    const kept =
      checkpoint === undefined || good === 0
        ? ""
        : `; the last good checkpoint, of step ${good}, is kept in ${checkpoint.name}`;
    return new DistilleryError("NOT_FINITE", `${title}: ${what} at step ${step} of ${steps}${kept}; ${loop.advice}`);
  };
  /** A loss tells of the state before its step; the state itself may be beyond numbers already. */
  const readFinite = async (): Promise<Tensors<State>> => {
    const { step } = at;
    const now = await stepper.read();
    if (allFinite(now)) return now;
    throw blownUp("the values being learnt became NaN or infinite", step);
  };
  /** The state is read before any step that is asked for later; packing and writing it goes on beside that step. */
  const save = async (): Promise<void> => {
    if (checkpoint === undefined) return;
    const { step } = at;
    account();
    const metadata = { key: checkpoint.key, progress: JSON.stringify(at) };
    await checkpoint.write({ tensors: named(await readFinite()), metadata });
    good = step;
  };
  /** One write at a time; whoever waits for it learns whether it went well. */
  let writing = Promise.resolve();
  let saved = Date.now();
  const pace = paceOf(rehearsal, title, steps - at.step, true);
  const batches = readAhead(at.step, steps, batchesAhead, loop.feeds);
  /** Nobody sees the state between a step and this one. */
  const unseenUntil = (step: number): number => {
    const look = looks?.after.find((after) => after > step) ?? steps;
    return watch ? Math.min(look, step + watch.every - (step % watch.every)) : look;
  };
  const advance = runsOf(stepper, batches, { from: at.step, to: steps, end: unseenUntil });
  try {
    while (at.step < steps && pace.more()) {
      if (signal?.aborted) {
        await writing;
        await save();
        const resumes = checkpoint === undefined ? "" : "; the same command resumes";
        throw new DistilleryError("INTERRUPTED", `${title}: stopped at step ${at.step} of ${steps}${resumes}`);
      }
      const fetched = await advance();
      pace.tick(fetched.length);
      const end = pace.more() ? steps : at.step + fetched.length;
      for (const scalars of fetched) {
        for (const { path: name, leaf } of tensorsOf(scalars)) {
          const value = Number(leaf.data[0]);
          if (!Number.isFinite(value)) {
            await writing;
            throw blownUp(`${name} became ${value}`, at.step + 1);
          }
          at.open[name] = (at.open[name] ?? 0) + value;
        }
        at.count++;
        at.step++;
        if (at.count === stretch || at.step === end) {
          at.steps.push(at.step);
          for (const [name, sum] of Object.entries(at.open))
            at.series[name] = [...(at.series[name] ?? []), sum / at.count];
          at.open = {};
          at.count = 0;
        }
      }
      task.update(at.step, lastOf(at.series));
      if (looks?.after.includes(at.step)) {
        account();
        at.looked.push(await looks.look(await readFinite(), at.step));
        since = performance.now();
      }
      if (watch && at.step % watch.every === 0) {
        account();
        await watch.see(await stepper.read(), at.step);
        since = performance.now();
      }
      if (Date.now() - saved > 1000 * secondsBetweenCheckpoints && at.step < steps) {
        await writing;
        writing = save();
        writing.catch(() => undefined);
        saved = Date.now();
      }
    }
    account();
    await writing;
    pace.end();
    if (rehearsal && looks) await rehearseLooks(rehearsal, looks, at, readFinite);
    const history = { steps: at.steps, series: at.series };
    return { state: await readFinite(), history, looked: at.looked, seconds: at.seconds };
  } finally {
    batches.stop();
    // Nobody may take the file away while it is being written.
    await writing.catch(() => undefined);
    task.done();
  }
};
