import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, type Tensor, tensor, trace } from "../../src/autodiff/index.ts";
import { drawSiamese, siamese } from "../../src/data/augment/siamese.ts";
import { realImages } from "../../src/distill/matching.ts";
import type { MethodStage } from "../../src/distill/method.ts";
import { match } from "../../src/distill/methods/match.ts";
import { characteristicAt } from "../../src/distill/objectives/distances/characteristic.ts";
import { mean } from "../../src/distill/objectives/distances/mean.ts";
import { featureCount, outputsIn, penultimate } from "../../src/distill/objectives/features.ts";

import { openPairs, type Pair, type PairsOf } from "../../src/distill/pairs.ts";
import { openPool } from "../../src/distill/pool.ts";
import type { Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { floats, relativeError } from "../autodiff/draw.ts";
import { hashesIn, temporaryFolder, timesIn } from "../pipeline/tiny.ts";
import { recording } from "../training/quadratic.ts";
import { prepared, stageOf } from "./methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const [networks, moments, views, classes, real] = [2, 2, 3, 3, 6];
const count = networks * moments * views;
const image = { height: 8, width: 8 };

const pairsFor = async (stage: MethodStage, over: Partial<PairsOf> = {}): Promise<PairsOf> => ({
  networks: await openPool(stage, { architecture: "convnet8x2", networks, epochs: 2, moments }),
  distance: mean,
  augmentation: siamese(image),
  draw: (random) => drawSiamese(random, image),
  views,
  real: realImages(stage, "match", real),
  key: { augmentation: "siamese" },
  ...over,
});

/** What pairs know of real images in a view: pixels changed first, then rows of the distance added up by hand. */
const openDirect = async ({ networks: known, augmentation, distance }: PairsOf) => {
  const changed = await device.compile(
    trace({ images: float32(real, 3, 8, 8), view: { ...augmentation.types } }, ({ images, view }) => ({
      images: augmentation.apply(images, view),
    })),
  );
  const network = await device.compile(
    trace(
      {
        images: float32(real, 3, 8, 8),
        network: known.types,
        drawn: { ...distance.drawn(featureCount(known)) },
      },
      ({ images, network, drawn }) => ({
        rows: distance.embed(penultimate(outputsIn(known, network, images)), drawn),
      }),
    ),
  );
  return {
    meanOf: async (index: number, { view, drawn }: Pick<Pair, "view" | "drawn">, images: Float32Array) => {
      const { images: seen } = await changed.run({ images: tensor(images, [real, 3, 8, 8]), view });
      const { rows } = await network.run({ images: seen, network: known.at(index), drawn });
      const size = rows.shape[1]!;
      return Float32Array.from({ length: size }, (_, f) => {
        let sum = 0;
        for (let i = 0; i < real; i++) sum += floats(rows)[i * size + f]!;
        return sum / real;
      });
    },
    release: async () => {
      await changed.release();
      await network.release();
    },
  };
};

const textOf = (tensors: Readonly<Record<string, Tensor>>): string =>
  JSON.stringify(Object.entries(tensors).map(([name, value]) => [name, [...floats(value)]]));

const distances = [mean, characteristicAt(4)];

test.each(distances)(
  "all pairs come before one comes again, each with what its network sees in its view: $name",
  async (distance) => {
    const stage = stageOf(match, device, data, await temporaryFolder());
    const of = await pairsFor(stage, { distance });
    const pairs = await openPairs(stage, of);
    const { meanOf, release } = await openDirect(of);
    const numbers = new Map<string, number>();
    const view = (pair: number) => drawSiamese(stream(stage.recipe.seed, "pair", pair), image);
    for (let pair = 0; pair < count; pair++) {
      numbers.set(textOf({ ...of.networks.at(Math.floor(pair / views)).parameters, ...view(pair) }), pair);
    }
    const orders = [0, 1].map((round) =>
      Array.from({ length: count }, (_, i) => {
        const { network, view: own } = pairs.at(round * count + i);
        return numbers.get(textOf({ ...network.parameters, ...own }))!;
      }),
    );
    for (const order of orders)
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(orders[1]).not.toEqual(orders[0]);

    for (const [step, pair] of orders[0]!.entries()) {
      for (let c = 0; c < classes; c++) {
        const own = pairs.at(step).mean(c);
        expect(own).toHaveLength(pairs.size);
        const { drawn } = pairs.at(step);
        const direct = await meanOf(Math.floor(pair / views), { view: view(pair), drawn }, await of.real.draw(c, pair));
        expect(relativeError(own, direct)).toBeLessThan(1e-4);
      }
    }
    const drawn = Array.from({ length: count }, (_, step) => textOf(pairs.at(step).drawn));
    expect(new Set(drawn).size).toBe(distance === mean ? 1 : count);
    await release();
  },
);

test("known means are not computed again, and belong to networks, views, real images, augmentation and distance", async () => {
  const folder = await temporaryFolder();
  const stage = stageOf(match, device, data, folder);
  const of = await pairsFor(stage);
  const { key } = await openPairs(stage, of);
  const times = await timesIn(stage.shared);
  expect((await openPairs(stage, await pairsFor(stage))).key).toBe(key);
  expect(await timesIn(stage.shared)).toEqual(times);
  const others = [
    { views: 2 },
    { real: realImages(stage, "match", 3) },
    { key: { augmentation: "other" } },
    { distance: characteristicAt(4) },
  ];
  const keys = new Set([key]);
  for (const other of others) keys.add((await openPairs(stage, { ...of, ...other })).key);
  const pool = await openPool(stage, { architecture: "convnet8x2", networks: 1, epochs: 2, moments });
  keys.add((await openPairs(stage, { ...of, networks: pool })).key);
  expect(keys.size).toBe(6);
  expect(await timesIn(stage.shared)).toMatchObject(times);
});

// A network has 9 means; in the first one, and in the third.
test.each([4, 22])("pairs that were stopped after %i means come to the same bytes", async (done) => {
  const folder = await temporaryFolder();
  const [whole, stage] = ["whole", "stopped"].map((name) => stageOf(match, device, data, join(folder, name))) as [
    MethodStage,
    MethodStage,
  ];
  const expected = await openPairs(whole, await pairsFor(whole));
  const of = await pairsFor(stage);
  const stop = new AbortController();
  const progress = recording((at) => at === done && stop.abort());
  await expect(openPairs({ ...stage, progress, signal: stop.signal }, of)).rejects.toMatchObject({
    code: "INTERRUPTED",
  });
  const kept = (await readdir(stage.shared)).filter((file) => file.startsWith("pairs"));
  expect(kept).toHaveLength(Math.floor(done / 9));
  const resumed = await openPairs(stage, of);
  expect(await hashesIn(stage.shared)).toEqual(await hashesIn(whole.shared));
  for (let step = 0; step < count; step++) {
    expect(resumed.at(step).view).toEqual(expected.at(step).view);
    for (let c = 0; c < classes; c++) expect(resumed.at(step).mean(c)).toEqual(expected.at(step).mean(c));
  }
});
