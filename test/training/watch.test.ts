import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { silent } from "../../src/support/work/progress.ts";
import { checkpointFile } from "../../src/training/checkpoint.ts";
import { runLoop } from "../../src/training/loop.ts";
import { type Watched, watched } from "../../src/training/watch.ts";
import { floats } from "../autodiff/draw.ts";
import { openQuadratic, quadraticLoop, recording } from "./quadratic.ts";

let device: Device;
let folder: string;
let stepper: Awaited<ReturnType<typeof openQuadratic>>;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  stepper = await openQuadratic(device);
  folder = await mkdtemp(join(tmpdir(), "distillery-watch-"));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const steps = 20;
const looked: number[] = [];

/** The loop, watched every 4 steps; what is "measured" is the first number of the state. */
const watchedLoop = (name: string, key = "work") => {
  const loop = quadraticLoop(stepper, { steps });
  return {
    ...loop,
    watch: watched<typeof loop.types>({
      file: join(folder, `${name}.json`),
      key,
      split: "test",
      images: 7,
      stepsPerEpoch: 4,
      look: async ({ x }, epoch) => {
        looked.push(epoch);
        return floats(x)[0]!;
      },
    }),
    checkpoint: checkpointFile(join(folder, `${name}.partial`), key),
  };
};

const recordOf = async (name: string): Promise<Watched> =>
  JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")) as Watched;

describe("watched", () => {
  test("looks after every epoch, changes nothing, and says when", async () => {
    looked.length = 0;
    const plain = await runLoop(quadraticLoop(stepper, { steps }), { progress: silent });
    const { state, history } = await runLoop(watchedLoop("whole"), { progress: silent });
    expect(state).toEqual(plain.state);
    expect(history).toEqual(plain.history);
    expect(looked).toEqual([1, 2, 3, 4, 5]);
    const { points, ...about } = await recordOf("whole");
    expect(about).toEqual({ key: "work", split: "test", images: 7, interrupted: false });
    expect(points.map(({ step }) => step)).toEqual([4, 8, 12, 16, 20]);
    expect(points.at(-1)!.accuracy).toBe(floats(state.x)[0]);
    for (const [i, { seconds }] of points.entries()) {
      expect(seconds).toBeGreaterThanOrEqual(i === 0 ? 0 : points[i - 1]!.seconds);
      expect(seconds).toBeLessThan(60);
    }
  });

  test("goes on where a stopped loop goes on, and says that it was", async () => {
    await runLoop(watchedLoop("whole"), { progress: silent });
    const stop = new AbortController();
    const progress = recording((done) => {
      if (done === 10) stop.abort();
    });
    await expect(runLoop(watchedLoop("part"), { progress, signal: stop.signal })).rejects.toThrow("stopped at step 10");
    expect((await recordOf("part")).points).toHaveLength(2);
    looked.length = 0;
    await runLoop(watchedLoop("part"), { progress: silent });
    expect(looked).toEqual([3, 4, 5]);
    const [whole, part] = [await recordOf("whole"), await recordOf("part")];
    expect(part.interrupted).toBe(true);
    const told = ({ points }: Watched) => points.map(({ epoch, step, accuracy }) => ({ epoch, step, accuracy }));
    expect(told(part)).toEqual(told(whole));
  });

  test("a file of other work is begun anew", async () => {
    await runLoop(watchedLoop("other", "first"), { progress: silent });
    await runLoop(watchedLoop("other", "second"), { progress: silent });
    const { key, points } = await recordOf("other");
    expect({ key, n: points.length }).toEqual({ key: "second", n: 5 });
  });
});
