import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Method, MethodStage } from "../../../src/distill/method.ts";
import { cim } from "../../../src/distill/methods/cim.ts";
import { dsdm } from "../../../src/distill/methods/dsdm.ts";
import { inferMatch } from "../../../src/distill/methods/infer-match.ts";
import { match } from "../../../src/distill/methods/match.ts";
import { ncfm } from "../../../src/distill/methods/ncfm.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { hashesIn, temporaryFolder } from "../../pipeline/tiny.ts";
import { make, prepared, stageOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const pool = { architecture: "convnet8x2in", networks: 2, epochs: 4, moments: 2, real: 8 };
const pairs = { ...pool, views: 3 };

const cases: readonly (readonly [title: string, method: Method, options: object])[] = [
  ["cim", cim, {}],
  ["dsdm", dsdm, pool],
  ["ncfm", ncfm, pairs],
  ["match by characteristic functions", match, { ...pairs, distance: "characteristic" }],
  ["infer-match between", inferMatch, { ...pairs, compensators: 1, weights: "between", distance: "characteristic" }],
];

const stageIn = (method: Method, folder: string, options: object): MethodStage =>
  stageOf(method, device, data, folder, { options: { ...options }, recipe: { ipc: 2 } });

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test.each(cases)("%s brings its distance down", async (_title, method, options) => {
  const long = { ...options, iterations: 100, learningRate: 0.05 };
  const { curves } = await make(method, stageIn(method, await temporaryFolder(), long));
  expect(curves.length).toBeGreaterThan(0);
  for (const { history } of curves) {
    const { distance } = history.series;
    expect(mean(distance!.slice(-12)) / mean(distance!.slice(0, 12))).toBeLessThan(0.9);
  }
});

test.each(cases)("%s comes to the same bytes where its last loop was stopped", async (_title, method, options) => {
  const folder = await temporaryFolder();
  const short = { ...options, iterations: 10 };
  const whole = await make(method, stageIn(method, join(folder, "whole"), short));
  const stage = stageIn(method, join(folder, "stopped"), short);
  const stop = new AbortController();
  const task = (title: string) => ({
    update: (done: number) => void (done === 7 && title.startsWith(method.name) && stop.abort()),
    done: () => undefined,
  });
  const progress = { task, note: () => undefined };
  await expect(make(method, { ...stage, progress, signal: stop.signal })).rejects.toMatchObject({
    code: "INTERRUPTED",
  });
  expect(await make(method, stage)).toEqual(whole);
  expect(await hashesIn(join(folder, "stopped"))).toEqual(await hashesIn(join(folder, "whole")));
});

test.each([{ distance: "characteristic" }, { weights: "between" }])("match with %j is other work", async (options) => {
  const folder = await temporaryFolder();
  const short = { ...pairs, iterations: 5 };
  const one = await make(match, stageIn(match, folder, short));
  expect((await make(match, stageIn(match, folder, { ...short, ...options }))).bases).not.toEqual(one.bases);
  expect(await make(match, stageIn(match, folder, short))).toEqual(one);
});
