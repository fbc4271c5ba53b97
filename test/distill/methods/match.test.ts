import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Method, MethodStage } from "../../../src/distill/method.ts";
import { curriculum } from "../../../src/distill/methods/curriculum.ts";
import { inferIntra } from "../../../src/distill/methods/infer-intra.ts";
import { inferMatch } from "../../../src/distill/methods/infer-match.ts";
import { match } from "../../../src/distill/methods/match.ts";
import { drawImages } from "../../../src/distill/select/draw.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { hashesIn, temporaryFolder, timesIn } from "../../pipeline/tiny.ts";
import { recording } from "../../training/quadratic.ts";
import { make, prepared, stageOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const C = 3;
const size = 3 * 8 * 8;
const pool = { architecture: "convnet8x2", networks: 2, epochs: 4, moments: 2 };
const brief = { ...pool, storage: "images", views: 3, real: 8, iterations: 10 };

const stageIn = (method: Method, folder: string, options: object = {}, ipc = 2): MethodStage =>
  stageOf(method, device, data, folder, { options: { ...brief, ...options }, recipe: { ipc } });

/**
 * What each method is asked for: infer-match has 2 compensators, K = floor(5 3 / (3 + 2)) = 3; infer-intra one for each class,
 * which leaves K = (2 - 1) 4 small bases.
 */
const cases = [
  ["match", match, {}, 2],
  ["match in formation", match, { storage: "formation2" }, 1],
  ["match of clusters", match, { realImages: "clusters" }, 2],
  ["curriculum", curriculum, {}, 2],
  ["infer-match", inferMatch, { compensators: 2 }, 5],
  ["infer-match in formation", inferMatch, { compensators: 2, storage: "formation2" }, 3],
  ["infer-match of both", inferMatch, { sharing: "both", compensators: 1, perClass: 1 }, 4],
  ["infer-intra in formation", inferIntra, { perClass: 1, storage: "formation2" }, 2],
] as const;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The end of a curve by its beginning. */
const fall = (values: readonly number[]): number => mean(values.slice(-12)) / mean(values.slice(0, 12));

test.each(cases)("%s comes down, and keeps what it made", async (_name, method, options, ipc) => {
  const folder = await temporaryFolder();
  const stage = stageIn(method, folder, { ...options, iterations: 120, learningRate: 0.05, crossEntropy: 0 }, ipc);
  const { bases, compensators, stored } = stage.layout;
  const made = await make(method, stage);
  expect(made.bases).toHaveLength(bases * C * 3 * stored.height * stored.width);
  expect(made.compensators ?? []).toHaveLength(compensators * size);
  expect(made.curves.map(({ name }) => name)).toEqual(
    method === inferMatch ? ["infer-match"] : [0, 1, 2].map((c) => `${method.name} kind${c}`),
  );
  for (const { history } of made.curves) {
    const { distance, crossEntropy } = history.series;
    expect(fall(distance!)).toBeLessThan(0.85);
    expect(crossEntropy).toBeUndefined();
  }
  const times = await timesIn(folder);
  expect(await make(method, stage)).toEqual(made);
  expect(await timesIn(folder)).toEqual(times);
});

test("match keeps classes apart, the more their networks' cross-entropy counts", async () => {
  const folder = await temporaryFolder();
  const ends = async (crossEntropy: number): Promise<number[]> => {
    const given = { iterations: 120, learningRate: 0.05, crossEntropy };
    const { curves } = await make(match, stageIn(match, join(folder, String(crossEntropy)), given, 2));
    return curves.map(({ history }) => mean(history.series.crossEntropy!.slice(-12)));
  };
  const [little, much] = [await ends(1e-6), await ends(20)];
  for (const [c, told] of much.entries()) expect(told).toBeLessThan(0.95 * little[c]!);
});

/** Steps of a pool are 2 x 4, means of pairs 4 x 9; the loops come last. */
test.each(cases)("%s comes to the same bytes where it was stopped", async (_name, method, options, ipc) => {
  const folder = await temporaryFolder();
  const whole = await make(method, stageIn(method, join(folder, "whole"), options, ipc));
  const moments = method === match ? ["match"] : ["pool", "features", method.name];
  for (const moment of moments) {
    const stage = stageIn(method, join(folder, moment), options, ipc);
    const stop = new AbortController();
    const task = (title: string) => ({
      update: (done: number) => void (done === 7 && title.includes(moment) && stop.abort()),
      done: () => undefined,
    });
    const progress = { task, note: () => undefined };
    await expect(make(method, { ...stage, progress, signal: stop.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(await make(method, stage)).toEqual(whole);
    expect(await hashesIn(join(folder, moment))).toEqual(await hashesIn(join(folder, "whole")));
    expect((await readdir(join(folder, moment))).filter((file) => file.endsWith(".partial"))).toEqual([]);
  }
});

describe("other settings are other work", () => {
  test.each<[string, object]>([
    ["learningRate", { learningRate: 0.1 }],
    ["crossEntropy", { crossEntropy: 1 }],
    ["views", { views: 2 }],
    ["moments", { moments: 1 }],
    ["real", { real: 3 }],
    ["order", { order: "early-to-late" }],
    ["clusters", { real: 3, realImages: "clusters" }],
    ["easy-to-hard", { real: 3, realImages: "easy-to-hard" }],
  ])("%s", async (_title, options) => {
    const folder = await temporaryFolder();
    const one = await make(match, stageIn(match, folder));
    expect((await make(match, stageIn(match, folder, options))).bases).not.toEqual(one.bases);
    expect(await make(match, stageIn(match, folder))).toEqual(one);
  });
});

test("networks between are others where steps or real images go by moments, and then the same", async () => {
  const folder = await temporaryFolder();
  const pairs = async (options: object): Promise<string[]> => {
    const between = { architecture: "convnet8x2in", weights: "between", iterations: 2, ...options };
    const stage = stageIn(match, await temporaryFolder(), between);
    await make(match, { ...stage, shared: join(folder, JSON.stringify(options)) });
    return (await readdir(join(folder, JSON.stringify(options)))).filter((file) => file.startsWith("pairs")).sort();
  };
  const [any, late] = [await pairs({}), await pairs({ order: "early-to-late" })];
  expect(late).toHaveLength(4);
  expect(any.filter((file) => late.includes(file))).toEqual([]);
  const easy = await pairs({ realImages: "easy-to-hard" });
  expect(await pairs({ realImages: "easy-to-hard", order: "early-to-late" })).toEqual(easy);
});

describe("match", () => {
  test("brings the cross-entropy down where that counts", async () => {
    const weighed = { crossEntropy: 100, iterations: 120, learningRate: 0.05 };
    const { curves } = await make(match, stageIn(match, await temporaryFolder(), weighed));
    for (const { history } of curves) expect(fall(history.series.crossEntropy!)).toBeLessThan(0.97);
  });

  test("starts from the random real images, and moves those of every class", async () => {
    const stage = stageIn(match, await temporaryFolder(), { learningRate: 0.1 });
    const { bases } = await make(match, stage);
    const start = await data.train.read(drawImages(data, 2, stage.recipe));
    for (let at = 0; at < 2 * C; at++) {
      const [own, before] = [bases, start].map((all) => all.subarray(at * size, (at + 1) * size)) as [
        Uint8Array,
        Uint8Array,
      ];
      const apart = own.map((v, i) => Math.abs(v - before[i]!));
      expect(Math.max(...apart)).toBeGreaterThan(5);
      // Ten steps of at most a tenth of a standard deviation do not leave its neighbourhood.
      expect(mean([...apart])).toBeLessThan(60);
    }
  });
});

describe("infer-match", () => {
  test("moves bases and compensators, which differ from one another", async () => {
    const folder = await temporaryFolder();
    const madeAt = async (learningRate: number) =>
      make(inferMatch, stageIn(inferMatch, folder, { compensators: 2, learningRate }, 5));
    const [still, moved] = [await madeAt(1e-9), await madeAt(0.05)];
    const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));
    const part = <All extends Uint8Array | Float32Array>(all: All, at: number) =>
      all.subarray(at * size, (at + 1) * size);
    for (let at = 0; at < 9; at++) expect(distance(part(moved.bases, at), part(still.bases, at))).toBeGreaterThan(5);
    for (let at = 0; at < 6; at++) {
      const one = part(moved.compensators!, at);
      expect(distance(one, part(still.compensators!, at))).toBeGreaterThan(0.05);
      for (let other = 0; other < at; other++)
        expect(distance(one, part(moved.compensators!, other))).toBeGreaterThan(0.1);
    }
  });

  test.each([
    ["images", 5, 3],
    ["formation2", 3, 3],
    ["formation4", 3, 4],
  ] as const)("stays within its budget of values: %s, ipc %i", async (storage, ipc, K) => {
    const stage = stageIn(inferMatch, await temporaryFolder(), { compensators: 2, storage }, ipc);
    expect([stage.layout.bases, stage.layout.perBase]).toEqual([K, 2]);
    const { bases, compensators } = await make(inferMatch, stage);
    expect(bases.length + compensators!.length).toBeLessThanOrEqual(ipc * C * size);
    // One base set and its compensators more would be too many.
    const more = (bases.length + compensators!.length) / K;
    expect(bases.length + compensators!.length + more).toBeGreaterThan(ipc * C * size);
  });
});

test("what is open is released", async () => {
  let open = 0;
  const watched = <One extends { release(): Promise<void> }>(one: One): One => {
    open++;
    return {
      ...one,
      release: async () => {
        open--;
        await one.release();
      },
    };
  };
  const counted: Device = {
    ...device,
    compile: async (traced) => watched(await device.compile(traced)),
    compileStep: async (traced) => watched(await device.compileStep(traced)),
  };
  for (const [, method, options, ipc] of cases) {
    const stage = stageIn(method, await temporaryFolder(), options, ipc);
    const most: number[] = [];
    await make(method, { ...stage, device: counted, progress: recording(() => most.push(open)) });
    expect(Math.max(...most)).toBe(1);
    expect(open).toBe(0);
  }
});
