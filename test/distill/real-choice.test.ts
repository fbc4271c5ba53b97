import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, tensor, trace } from "../../src/autodiff/index.ts";
import type { RealDraw } from "../../src/distill/matching.ts";
import type { MethodStage } from "../../src/distill/method.ts";
import { match } from "../../src/distill/methods/match.ts";
import { outputsIn } from "../../src/distill/objectives/features.ts";
import { openPool } from "../../src/distill/pool.ts";
import { type Judges, openChoice, type RealChoice } from "../../src/distill/real-choice.ts";
import { imageSource, type Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { readStored } from "../../src/training/checkpoint.ts";
import { floats } from "../autodiff/draw.ts";
import { temporaryFolder, timesIn } from "../pipeline/tiny.ts";
import { prepared, stageOf } from "./methods/workshop.ts";

const [C, images, real, moments, views] = [3, 12, 5, 3, 2];

let device: Device;
let data: Prepared;
let stage: MethodStage;
let judges: Judges;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared({ images });
});
afterAll(() => device.close());

const open = async (choice: RealChoice) => {
  stage = stageOf(match, device, data, await temporaryFolder());
  const pool = { architecture: "convnet8x2", networks: 2, epochs: 3, moments };
  judges = { networks: await openPool(stage, pool), real };
  return await openChoice(stage, choice, judges, views);
};

/** Training images of class c: the data hold the classes in turns. */
const membersOf = (c: number): number[] => Array.from({ length: images }, (_, i) => i * C + c);

/** What is asked of class c for a pair; another draw for another pair. */
const wanted = (c: number, pair: number): RealDraw => ({
  c,
  step: pair,
  members: membersOf(c),
  count: real,
  random: stream(7, "draw", c, pair),
});

const sorted = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

test("random images are drawn of the whole class as they always were", async () => {
  const { key, choose } = await open("random");
  expect(key).toEqual({});
  const order = stream(7, "draw", 1, 4).permutation(images).subarray(0, real);
  expect([...choose(wanted(1, 4))]).toEqual([...order].map((at) => membersOf(1)[at]));
  expect(Object.keys(await timesIn(stage.folder)).filter((file) => !file.startsWith("shared"))).toEqual([]);
});

test("clusters give one image each, and all of them in the end", async () => {
  const { choose } = await open("clusters");
  for (let c = 0; c < C; c++) {
    const { found } = (await readStored(`${stage.folder}/clusters-${c}.safetensors`))!.tensors;
    const clusters = Array.from(found!.data, Number);
    expect(clusters).toHaveLength(images);
    const known = new Set(clusters).size;
    expect(known).toBeGreaterThan(2);
    const seen = new Set<number>();
    for (let pair = 0; pair < 60; pair++) {
      const own = [...choose(wanted(c, pair))];
      expect(new Set(own).size).toBe(real);
      expect(new Set(own.map((image) => clusters[membersOf(c).indexOf(image)])).size).toBe(known);
      for (const image of own) seen.add(image);
    }
    expect(sorted(seen)).toEqual(membersOf(c));
  }
});

test("easy images come first by the last network's cross-entropy, and all of them at the last moment", async () => {
  const { choose } = await open("easy-to-hard");
  const { networks } = judges;
  const compiled = await device.compile(
    trace({ images: float32(C * images, 3, 8, 8), network: networks.types }, (given) => ({
      logits: outputsIn(networks, given.network, given.images),
    })),
  );
  const all = Int32Array.from({ length: C * images }, (_, i) => i);
  const seen = tensor(await imageSource(data).images(all), [C * images, 3, 8, 8]);
  const { logits } = await compiled.run({ images: seen, network: networks.at(2 * moments - 1) });
  await compiled.release();
  const crossEntropy = (image: number): number => {
    const own = floats(logits).subarray(image * C, (image + 1) * C);
    return -Math.log(Math.exp(own[image % C]!) / own.reduce((sum, z) => sum + Math.exp(z), 0));
  };
  for (let c = 0; c < C; c++) {
    const easiest = membersOf(c).sort((a, b) => crossEntropy(a) - crossEntropy(b));
    for (let m = 0; m < moments; m++) {
      // Pairs of this moment: of both networks, in both views.
      const pairs = [0, 1].flatMap((n) => [0, 1].map((v) => (n * moments + m) * views + v));
      const shown = new Set<number>();
      for (let draw = 0; draw < 40; draw++) {
        for (const pair of pairs) {
          const own = choose({ ...wanted(c, pair), random: stream(9, c, pair, draw) });
          expect(new Set(own).size).toBe(real);
          for (const image of own) shown.add(image);
        }
      }
      // A third of twelve is four, fewer than a pair sees.
      expect(sorted(shown)).toEqual(sorted(easiest.slice(0, [5, 8, 12][m])));
    }
  }
});

test.each(["clusters", "easy-to-hard"] as const)("%s are found once", async (choice) => {
  await open(choice);
  const times = await timesIn(stage.folder);
  await openChoice(stage, choice, judges, views);
  expect(await timesIn(stage.folder)).toEqual(times);
});
