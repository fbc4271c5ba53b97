import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tensor } from "../../src/autodiff/index.ts";
import { between } from "../../src/distill/between.ts";
import type { MethodStage } from "../../src/distill/method.ts";
import { match } from "../../src/distill/methods/match.ts";
import { initialWeights, openPool, type PoolOptions } from "../../src/distill/pool.ts";
import type { Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { floats } from "../autodiff/draw.ts";
import { filesIn, hashesIn, temporaryFolder, timesIn } from "../pipeline/tiny.ts";
import { recording } from "../training/quadratic.ts";
import { make, prepared, stageOf } from "./methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

/** A step an epoch, as all 30 images fit into a batch. */
const options: PoolOptions = { architecture: "convnet8x2", networks: 2, epochs: 4, moments: 2 };

const stageIn = (folder: string, given: Record<string, unknown> = {}): MethodStage =>
  stageOf(match, device, data, folder, { options: given });

const sharedOf = (folder: string): string => join(folder, "shared");

describe("the networks of a pool", () => {
  test("are kept at equal stretches of their training, the last time at its end", async () => {
    const folder = await temporaryFolder();
    const few = await openPool(stageIn(join(folder, "few")), options);
    const many = await openPool(stageIn(join(folder, "many")), { ...options, moments: 4 });
    expect([few.count, many.count]).toEqual([4, 8]);
    // After steps 2 and 4; those of each step are known, too: 2 m + 1 of 4.
    for (const network of [0, 1]) {
      for (const m of [0, 1]) expect(few.at(2 * network + m)).toEqual(many.at(4 * network + 2 * m + 1));
    }
    expect(few.key).not.toBe(many.key);
  });

  test("differ, network by network and moment by moment, and hold running statistics", async () => {
    const pool = await openPool(stageIn(await temporaryFolder()), options);
    const all = Array.from({ length: pool.count }, (_, i) => pool.at(i));
    const texts = all.map((weights) =>
      Object.entries(weights).flatMap(([group, tensors]) =>
        Object.entries(tensors).map(([name, tensor]) => [`${group} ${name}`, floats(tensor).join()] as const),
      ),
    );
    for (const [i, one] of texts.entries()) {
      for (const other of texts.slice(i + 1)) {
        for (const [at, [name, text]] of one.entries()) {
          expect(other[at]![0]).toBe(name);
          expect(other[at]![1], name).not.toBe(text);
        }
      }
    }
    expect(Object.keys(pool.types)).toEqual(["parameters", "statistics"]);
    expect(Object.keys(all[0]!.statistics!).sort()).toEqual(Object.keys(pool.types.statistics!).sort());
  });

  test("are given in buffers of their own, and drawn step by step, all of them", async () => {
    const pool = await openPool(stageIn(await temporaryFolder()), options);
    const one = pool.at(1);
    const name = Object.keys(one.parameters!)[0]!;
    floats(one.parameters![name]!).fill(7);
    expect(floats(pool.at(1).parameters![name]!)[0]).not.toBe(7);
    const texts = await Promise.all(
      Array.from({ length: 40 }, async (_, step) => floats((await pool.draw(step)).parameters![name]!).join()),
    );
    expect(new Set(texts).size).toBe(pool.count);
  });

  test("are kept before their first step where that is asked for, and trained as it is said", async () => {
    const folder = await temporaryFolder();
    const training = { batch: 30, learningRate: 0.1, momentum: 0, weightDecay: 0, constant: true };
    const plain = { ...options, networks: 1, moments: 4, training };
    const pool = await openPool(stageIn(folder), { ...plain, untrained: true });
    const later = await openPool(stageIn(folder), plain);
    expect([pool.count, later.count]).toEqual([5, 4]);
    expect([pool.moments, later.moments]).toEqual([5, 4]);
    expect(Object.values(pool.at(0).statistics!).every(({ data: [v] }) => v === 0 || v === 1)).toBe(true);
    for (const m of [0, 1, 2, 3]) expect(pool.at(m + 1)).toEqual(later.at(m));
    // Without momentum a training of one step ends where another of the same rate has its first.
    const one = await openPool(stageIn(folder), { ...plain, epochs: 1, moments: 1 });
    expect(one.at(0)).toEqual(later.at(0));
    const other = await openPool(stageIn(folder), { ...options, networks: 1, moments: 4 });
    expect(other.at(3)).not.toEqual(later.at(3));
  });

  test("may be kept more often than they have steps", async () => {
    const pool = await openPool(stageIn(await temporaryFolder()), { ...options, networks: 1, epochs: 1, moments: 3 });
    // After 0, 1 and 1 steps.
    expect(pool.count).toBe(3);
    expect(pool.at(0)).not.toEqual(pool.at(1));
    expect(pool.at(1)).toEqual(pool.at(2));
  });
});

describe("networks between the initial and the trained weights of a pool's", () => {
  const instance = { ...options, architecture: "convnet8x2in", moments: 8 };

  test("are blends of both, by shares from all of [0, 1], and each its own", async () => {
    const stage = stageIn(await temporaryFolder());
    const pool = await openPool(stage, instance);
    const blends = await between(stage, pool);
    expect(blends.count).toBe(16);
    expect(blends.key).not.toBe(pool.key);
    const shares: number[] = [];
    for (let index = 0; index < blends.count; index++) {
      const i = Math.floor(index / 8);
      const start = (await initialWeights(stage, pool.model, i)).parameters;
      const end = pool.at(8 * i + 7).parameters!;
      const share = ([name, value]: readonly [string, Tensor], at: number): number => {
        const [a, b] = [floats(start[name]!)[at]!, floats(end[name]!)[at]!];
        return (floats(value)[at]! - a) / (b - a);
      };
      const own = Object.entries(blends.at(index).parameters!);
      const all = own.map((one) => share(one, 0));
      for (const one of all) expect(one).toBeCloseTo(all[0]!, 2);
      shares.push(all[0]!);
    }
    expect(new Set(shares.map((l) => l.toFixed(4))).size).toBe(16);
    expect(Math.min(...shares)).toBeLessThan(0.3);
    expect(Math.max(...shares)).toBeGreaterThan(0.7);
    expect(blends.judge!.weights.parameters).toEqual(pool.at(7).parameters);
  });

  test("come nearer to the trained weights from moment to moment where their shares rise", async () => {
    const stage = stageIn(await temporaryFolder());
    const pool = await openPool(stage, instance);
    const [any, rising] = [await between(stage, pool), await between(stage, pool, "rising")];
    expect(rising.key).not.toBe(any.key);
    const start = await initialWeights(stage, pool.model, 1);
    const [name] = Object.keys(start.parameters) as [string];
    const at = ({ parameters }: ReturnType<typeof pool.at>): number => floats(parameters![name]!)[0]!;
    const [first, last] = [at({ parameters: start.parameters }), at(pool.at(15))];
    for (let m = 0; m < 8; m++) {
      const share = (at(rising.at(8 + m)) - first) / (last - first);
      expect(share).toBeGreaterThan(m / 8 - 1e-3);
      expect(share).toBeLessThan((m + 1) / 8 + 1e-3);
    }
  });

  test("are given in buffers of their own, the same again", async () => {
    const stage = stageIn(await temporaryFolder());
    const blends = await between(stage, await openPool(stage, instance));
    const first = ({ parameters }: { readonly parameters?: Record<string, Tensor> }) => Object.values(parameters!)[0]!;
    const kept = floats(first(blends.at(3))).slice();
    floats(first(blends.at(3))).fill(7);
    expect(floats(first(blends.at(3)))).toEqual(kept);
  });
});

describe("the files of a pool", () => {
  test("are one for each network, and are not made twice", async () => {
    const folder = await temporaryFolder();
    const pool = await openPool(stageIn(folder), options);
    const files = await filesIn(sharedOf(folder));
    expect(files).toEqual([
      expect.stringMatching(/^pool-convnet8x2-0-[0-9a-f]{8}\.safetensors$/),
      expect.stringMatching(/^pool-convnet8x2-1-[0-9a-f]{8}\.safetensors$/),
    ]);
    const times = await timesIn(sharedOf(folder));
    const again = await openPool(stageIn(folder), options);
    expect(await timesIn(sharedOf(folder))).toEqual(times);
    expect(again.key).toBe(pool.key);
    for (let i = 0; i < pool.count; i++) expect(again.at(i)).toEqual(pool.at(i));
  });

  // In the first stretch of the first network, in its second, at the end of one, and in the second network.
  test.each([1, 2, 3, 5, 7])("are the same to the byte where it was stopped after %i steps", async (steps) => {
    const folder = await temporaryFolder();
    await openPool(stageIn(join(folder, "whole")), options);
    const stop = new AbortController();
    const progress = recording((done) => done === steps && stop.abort());
    const stage = stageIn(join(folder, "stopped"));
    await expect(openPool({ ...stage, progress, signal: stop.signal }, options)).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    const left = await readdir(sharedOf(join(folder, "stopped")));
    expect(left.some((file) => /\.(partial|moment)$/.test(file))).toBe(true);
    const done: number[] = [];
    await openPool({ ...stage, progress: recording((at) => done.push(at)) }, options);
    // It goes on where it was, not at the beginning; a whole network has 4.
    expect(done.filter((at) => at < steps)).toEqual(steps > 4 ? [4] : []);
    expect(await hashesIn(sharedOf(join(folder, "stopped")))).toEqual(await hashesIn(sharedOf(join(folder, "whole"))));
  });

  test("are others for another architecture, training, seed or data", async () => {
    const folder = await temporaryFolder();
    const count = async (): Promise<number> => (await filesIn(sharedOf(folder))).length;
    const one = { ...options, networks: 1, epochs: 2 };
    const stage = stageIn(folder);
    const keys = new Set<string>();
    for (const [i, [given, other]] of (
      [
        [stage, one],
        [stage, { ...one, architecture: "convnet6x2" }],
        [stage, { ...one, epochs: 3 }],
        [stage, { ...one, moments: 1 }],
        [stageOf(match, device, data, folder, { recipe: { seed: 1 } }), one],
        [{ ...stage, data: { ...data, fingerprint: "other" } }, one],
      ] as const satisfies (readonly [MethodStage, PoolOptions])[]
    ).entries()) {
      keys.add((await openPool(given, other)).key);
      expect(await count()).toBe(i + 1);
    }
    expect(keys.size).toBe(6);
    // A larger pool takes over the networks of a smaller one.
    const times = await timesIn(sharedOf(folder));
    await openPool(stage, { ...one, networks: 2 });
    expect(await count()).toBe(7);
    expect(await timesIn(sharedOf(folder))).toMatchObject(times);
  });
});

test("the same networks and pairs serve matching with and without formation", async () => {
  const folder = await temporaryFolder();
  const { architecture, networks, epochs, moments } = options;
  const given = { architecture, networks, epochs, moments, views: 2, real: 4, iterations: 3 };
  const of = (storage: string): MethodStage => ({
    ...stageIn(join(folder, storage), { ...given, storage }),
    shared: sharedOf(folder),
  });
  await make(match, of("images"));
  const times = await timesIn(sharedOf(folder));
  // Two networks, and pairs with both of their moments.
  expect(Object.keys(times)).toHaveLength(2 + 4);
  const made = await make(match, of("formation2"));
  expect(await timesIn(sharedOf(folder))).toEqual(times);
  expect(made.bases).toHaveLength(8 * 3 * 3 * 16);
});
