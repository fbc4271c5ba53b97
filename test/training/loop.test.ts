import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Tensor, tensor } from "../../src/autodiff/types.ts";
import { type Device, openDevice, type Tensors } from "../../src/runtime/device.ts";
import type { DistilleryError } from "../../src/support/errors.ts";
import { silent } from "../../src/support/work/progress.ts";
import { checkpointFile, removeStored, writeStored } from "../../src/training/checkpoint.ts";
import { runLoop } from "../../src/training/loop.ts";
import { openQuadratic, type QuadraticOptions, quadraticLoop, recording } from "./quadratic.ts";

let device: Device;
let folder: string;
let file: string;
let stepper: Awaited<ReturnType<typeof openQuadratic>>;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  stepper = await openQuadratic(device);
  folder = await mkdtemp(join(tmpdir(), "distillery-loop-"));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});
let count = 0;
beforeEach(() => {
  file = join(folder, `${count++}.partial`);
});

const loop = (options: Partial<QuadraticOptions> = {}) => quadraticLoop(stepper, { steps: 250, ...options });
const kept = (key = "work") => checkpointFile(file, key);

/** A checkpoint after every step. */
const thorough = { progress: silent, secondsBetweenCheckpoints: -1 };

const failure = async (work: Promise<unknown>): Promise<DistilleryError> => {
  try {
    await work;
  } catch (error) {
    return error as DistilleryError;
  }
  throw new Error("expected an error");
};

/** Runs until `steps` steps are done, then stops by the signal. */
const stopAfter = (steps: number, options: Partial<QuadraticOptions> = {}): Promise<DistilleryError> => {
  const stop = new AbortController();
  if (steps === 0) stop.abort();
  const progress = recording((done) => {
    if (done === steps) stop.abort();
  });
  return failure(runLoop({ ...loop(options), checkpoint: kept() }, { progress, signal: stop.signal }));
};

const bytesOf = ({ x, slots }: Tensors<typeof stepper.types>): Uint8Array[] =>
  [x, slots.first, slots.second].map(
    (t: Tensor) => new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength),
  );

let whole: Awaited<ReturnType<typeof runLoop<typeof stepper.types, never, never>>>;
beforeAll(async () => {
  whole = (await runLoop(loop(), { progress: silent })) as typeof whole;
});

const expectSameAsWhole = (result: Awaited<ReturnType<typeof runLoop>>): void => {
  expect(bytesOf(result.state as never)).toEqual(bytesOf(whole.state));
  expect(result.history).toEqual(whole.history);
};

describe("an uninterrupted loop", () => {
  test("descends, and its history is the mean of each stretch, the last one short", async () => {
    const { history } = whole;
    expect(history.steps.slice(0, 3)).toEqual([2, 4, 6]);
    expect(history.steps.at(-1)).toBe(250);
    expect(history.series.loss).toHaveLength(history.steps.length);
    expect(history.series.loss!.at(-1)!).toBeLessThan(0.1 * history.series.loss![0]!);
    const short = await runLoop(loop({ steps: 3 }), { progress: silent });
    expect(short.history.steps).toEqual([1, 2, 3]);
    const [one, two] = short.history.series.loss!;
    expect(history.series.loss![0]).toBe((one! + two!) / 2);
  });

  test("asks for the feeds of every step once, in order, and reports every step", async () => {
    const [asked, done]: [number[], number[]] = [[], []];
    await runLoop(loop({ steps: 12, onFeeds: (step) => asked.push(step) }), {
      progress: recording((step) => done.push(step)),
    });
    expect(asked).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(done).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  test("of no steps returns its start", async () => {
    const { state, history } = await runLoop(loop({ steps: 0 }), { progress: silent });
    expect(state.x.data).toEqual(loop().start().x.data);
    expect(history).toEqual({ steps: [], series: {} });
  });

  test("writes no file while it is quick", async () => {
    await runLoop({ ...loop({ steps: 5 }), checkpoint: kept() }, { progress: silent });
    expect(existsSync(file)).toBe(false);
  });
});

describe("stopped by the signal", () => {
  test.each([0, 1, 2, 7, 100, 249])("after %i steps: says so, and the next run gives the same bits", async (steps) => {
    const error = await stopAfter(steps);
    expect(error.code).toBe("INTERRUPTED");
    expect(error.message).toBe(`quadratic: stopped at step ${steps} of 250; the same command resumes`);
    const asked: number[] = [];
    const again = loop({ onFeeds: (step) => asked.push(step) });
    expectSameAsWhole(await runLoop({ ...again, checkpoint: kept() }, { progress: silent }));
    expect(asked[0]).toBe(steps);
  });

  test("several times over", async () => {
    for (const steps of [3, 4, 90, 91]) expect((await stopAfter(steps)).code).toBe("INTERRUPTED");
    expectSameAsWhole(await runLoop({ ...loop(), checkpoint: kept() }, { progress: silent }));
  });

  test("after the last step is too late to matter", async () => {
    const stop = new AbortController();
    const progress = recording((done) => done === 250 && stop.abort());
    expectSameAsWhole(await runLoop({ ...loop(), checkpoint: kept() }, { progress, signal: stop.signal }));
  });

  test("its task ends", async () => {
    const ended = vi.fn();
    const stop = new AbortController();
    stop.abort();
    await failure(runLoop(loop(), { progress: recording(() => undefined, ended), signal: stop.signal }));
    expect(ended).toHaveBeenCalledOnce();
  });
});

describe("killed", () => {
  test.each([1, 6, 100])("at step %i: goes on from the last checkpoint and gives the same bits", async (steps) => {
    const crash = (step: number): void => {
      if (step === steps) throw new Error("killed");
    };
    const error = await failure(runLoop({ ...loop({ onFeeds: crash }), checkpoint: kept() }, thorough));
    expect(error.message).toBe("killed");
    const asked: number[] = [];
    const again = loop({ onFeeds: (step) => asked.push(step) });
    expectSameAsWhole(await runLoop({ ...again, checkpoint: kept() }, { progress: silent }));
    expect(asked[0]).toBe(steps);
  });
});

describe("the device does not wait", () => {
  /** A stepper that says what is asked of it and answers a read only when told to. */
  const observed = () => {
    const asked: string[] = [];
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    return {
      asked,
      answer: () => answer(),
      stepper: {
        ...stepper,
        run: (feeds: Parameters<typeof stepper.run>[0]) => {
          asked.push("run");
          return stepper.run(feeds);
        },
        read: async () => {
          asked.push("read");
          const state = await stepper.read();
          await held;
          return state;
        },
      },
    };
  };

  test("for a checkpoint: steps go on while it is read, packed and written", async () => {
    const { asked, answer, stepper } = observed();
    let saved = false;
    const progress = recording((done) => {
      saved ||= existsSync(file);
      // The checkpoint of step 1 is still on its way when step 2 is done; the one of step 2 waits for it.
      if (done === 2) setTimeout(answer, 5);
    });
    const work = { ...loop({ steps: 4 }), stepper, checkpoint: kept() };
    await runLoop(work, { progress, secondsBetweenCheckpoints: -1 });
    expect(asked.slice(0, 5)).toEqual(["run", "read", "run", "read", "run"]);
    expect(saved).toBe(true);
  });

  test("and the last write has ended when the loop has", async () => {
    const result = await runLoop({ ...loop({ steps: 9 }), checkpoint: kept() }, thorough);
    await removeStored(file);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(existsSync(file)).toBe(false);
    expect(result.history.steps).toHaveLength(9);
  });

  test("a checkpoint that cannot be written is an error of the loop", async () => {
    const checkpoint = checkpointFile(join(folder, "blocked", "x.partial"), "work");
    await writeFile(join(folder, "blocked"), "a file where a folder should be");
    const error = await failure(runLoop({ ...loop(), checkpoint }, thorough));
    expect(error.code).toBe("DISK");
  });

  test("for a batch that takes long, as long as there are others", async () => {
    const done: number[] = [];
    let slow = (): void => undefined;
    const feeds = loop().feeds;
    const work = {
      ...loop({ steps: 8 }),
      feeds: async (step: number) => {
        if (step === 5)
          await new Promise<void>((resolve) => {
            slow = resolve;
          });
        return feeds(step);
      },
    };
    const running = runLoop(work, { progress: recording((step) => done.push(step)) });
    await vi.waitFor(() => expect(done).toEqual([1, 2, 3, 4, 5]));
    slow();
    await running;
    expect(done).toHaveLength(8);
  });
});

describe("looks on the way", () => {
  const after = [1, 31, 62, 125];
  /** The first value of x, and another graph's work on the same device meanwhile. */
  const looking = (look: (step: number) => void = () => undefined) => ({
    after,
    look: async ({ x }: Tensors<typeof stepper.types>, step: number) => {
      look(step);
      const other = await openQuadratic(device);
      await runLoop(quadraticLoop(other, { steps: 2 }), { progress: silent });
      await other.release();
      return x.data[0] as number;
    },
  });

  test("see the state after their steps, in order, and change no bit of what is learnt", async () => {
    const result = await runLoop({ ...loop(), looks: looking() }, { progress: silent });
    expectSameAsWhole(result);
    for (const [i, steps] of after.entries()) {
      const { state } = await runLoop(loop({ steps }), { progress: silent });
      expect(result.looked[i]).toBe(state.x.data[0]);
    }
  });

  test.each([
    ["before, at and after one of them", [30, 31, 32, 125, 126]],
    ["in the middle of one", [62]],
  ])("are the same of a loop that was stopped %s", async (_what, stops) => {
    const { looked } = await runLoop({ ...loop(), looks: looking() }, { progress: silent });
    expect(looked).toHaveLength(4);
    const crash = (step: number) => {
      if (step === 62) throw new Error("stopped in a look");
    };
    for (const stop of stops) {
      const signal = new AbortController();
      const progress = recording((done) => done === stop && signal.abort());
      const looks = looking(stop === 62 ? crash : undefined);
      await failure(
        runLoop({ ...loop(), looks, checkpoint: kept() }, { ...thorough, progress, signal: signal.signal }),
      );
    }
    const again = await runLoop({ ...loop(), looks: looking(), checkpoint: kept() }, { progress: silent });
    expect(again.looked).toEqual(looked);
    expectSameAsWhole(again);
  });
});

describe("a checkpoint that cannot be used", () => {
  const startsAnew = async (): Promise<void> => {
    const asked: number[] = [];
    const again = loop({ onFeeds: (step) => asked.push(step) });
    expectSameAsWhole(await runLoop({ ...again, checkpoint: kept() }, { progress: silent }));
    expect(asked[0]).toBe(0);
  };

  test.each([
    ["empty", (): Uint8Array => new Uint8Array()],
    ["text", (): Uint8Array => new TextEncoder().encode("this is no checkpoint, but long enough to look like one")],
    ["truncated by one byte", (bytes: Uint8Array): Uint8Array => bytes.subarray(0, -1)],
    ["cut in its header", (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 40)],
    ["with a damaged header", (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === 12 ? b ^ 0x55 : b))],
  ])("%s: starts anew", async (_what, damage) => {
    await stopAfter(10);
    await writeFile(file, damage(await readFile(file)));
    await startsAnew();
  });

  test("of other work: starts anew", async () => {
    await stopAfter(10);
    const asked: number[] = [];
    const again = loop({ onFeeds: (step) => asked.push(step) });
    const result = await runLoop({ ...again, checkpoint: kept("other work") }, { progress: silent });
    expect(asked[0]).toBe(0);
    expectSameAsWhole(result);
  });

  test("of the right key but without its progress or its tensors: starts anew", async () => {
    await writeStored(file, { tensors: {}, metadata: { key: "work" } });
    await startsAnew();
    const progress = JSON.stringify({ step: 10, steps: [], series: {}, open: {}, count: 0 });
    await writeStored(file, { tensors: {}, metadata: { key: "work", progress } });
    await startsAnew();
    const x = tensor(new Float32Array(2), [2]);
    await writeStored(file, {
      tensors: { x, "slots.first": x, "slots.second": x },
      metadata: { key: "work", progress },
    });
    await startsAnew();
  });

  test("removing it, and none is content too", async () => {
    await stopAfter(1);
    expect(existsSync(file)).toBe(true);
    await removeStored(file);
    expect(existsSync(file)).toBe(false);
    await removeStored(file);
  });
});

describe("numbers that are not finite", () => {
  test.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("a loss of %d stops with step and advice and leaves the last good checkpoint", async (bad, shown) => {
    const spoil = (step: number): number => (step === 7 ? bad : 1);
    const error = await failure(runLoop({ ...loop({ spoil }), checkpoint: kept() }, thorough));
    expect(error.code).toBe("NOT_FINITE");
    expect(error.message).toContain(`quadratic: loss became ${shown} at step 8 of 250`);
    expect(error.message).toContain(`the last good checkpoint, of step 7, is kept in ${file}`);
    expect(error.message).toContain("lower the learning rate");
    const asked: number[] = [];
    const again = loop({ onFeeds: (step) => asked.push(step) });
    expectSameAsWhole(await runLoop({ ...again, checkpoint: kept() }, { progress: silent }));
    expect(asked[0]).toBe(7);
  });

  test("without a checkpoint the message names none", async () => {
    const error = await failure(runLoop(loop({ spoil: () => Number.NaN }), { progress: silent }));
    expect(error.message).toBe("quadratic: loss became NaN at step 1 of 250; lower the learning rate");
  });

  /** The update of step 8 overflows although its loss is finite: only the next loss could tell. */
  const overflow = (step: number): number => (step === 7 ? Number.NaN : 0.1);

  test("a state spoilt behind a finite loss never replaces the last good checkpoint", async () => {
    const options = { rate: overflow };
    const error = await failure(runLoop({ ...loop(options), checkpoint: kept() }, thorough));
    expect(error.code).toBe("NOT_FINITE");
    const asked: number[] = [];
    const again = loop({ onFeeds: (step) => asked.push(step) });
    expectSameAsWhole(await runLoop({ ...again, checkpoint: kept() }, { progress: silent }));
    expect(asked[0]).toBe(7);
  });

  test("nor does a loop end well with such a state", async () => {
    const error = await failure(runLoop(loop({ steps: 8, rate: overflow }), { progress: silent }));
    expect(error.code).toBe("NOT_FINITE");
    expect(error.message).toContain("step 8 of 8");
    expect(error.message).toContain("lower the learning rate");
  });
});
