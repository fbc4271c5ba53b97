import { afterAll, beforeAll, expect, test } from "vitest";
import type { Tensor } from "../../src/autodiff/index.ts";
import { drawSiamese, siamese } from "../../src/data/augment/siamese.ts";
import { realImages } from "../../src/distill/matching.ts";
import type { Method } from "../../src/distill/method.ts";
import { inferIntra } from "../../src/distill/methods/infer-intra.ts";
import { inferMatch } from "../../src/distill/methods/infer-match.ts";
import { match } from "../../src/distill/methods/match.ts";
import { mean } from "../../src/distill/objectives/distances/mean.ts";
import type { Optimisation, Part } from "../../src/distill/optimise.ts";
import { matchPairs, type PairMatching } from "../../src/distill/pair-matching.ts";
import { openPairs } from "../../src/distill/pairs.ts";
import { openPool } from "../../src/distill/pool.ts";
import { drawImages } from "../../src/distill/select/draw.ts";
import { imageSource, type Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { floats } from "../autodiff/draw.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";
import { prepared, stageOf } from "./methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const C = 3;
const size = 3 * 8 * 8;

/** A plan of images or of bases and compensators, and its stage. */
const planned = async (method: Method, options: Record<string, unknown>, ipc: number, most = 40) => {
  const stage = stageOf(method, device, data, await temporaryFolder(), {
    options: { storage: "images", ...options },
    recipe: { ipc },
  });
  const image = { height: 8, width: 8 };
  const networks = await openPool(stage, { architecture: "convnet8x2", networks: 2, epochs: 2, moments: 2 });
  const augmentation = siamese(image);
  const pairs = await openPairs(stage, {
    networks,
    distance: mean,
    augmentation,
    draw: (random) => drawSiamese(random, image),
    views: 3,
    real: realImages(stage, "match", 8),
    key: { augmentation: "siamese" },
  });
  const common = {
    iterations: 10,
    learningRate: 0.02,
    crossEntropy: 1,
    networks,
    distance: mean,
    augmentation,
    pairs,
    key: {},
  };
  const given: PairMatching = { name: method.name, ...common };
  const plan: Optimisation = matchPairs(stage, given, method === match ? undefined : most);
  return { stage, plan, pairs };
};

const longs = (values: ArrayLike<number | bigint>): number[] => Array.from(values, Number);

test("infer-match sees as many different images of each class in a step, the rows of the layout, and all in the end", async () => {
  const each = 4;
  const { stage, plan, pairs } = await planned(inferMatch, { compensators: 2 }, 5, each);
  const { layout } = stage;
  expect(plan.rows).toBe(each * C);
  const places = new Map<string, number>();
  for (let row = 0; row < layout.labelled; row++) {
    places.set(`${layout.base(row)} ${layout.compensator(row) + 1}`, row);
  }
  expect(places.size).toBe(27);
  const seen = new Set<number>();
  for (let step = 0; step < 40; step++) {
    const { rows, objective, view } = await plan.draw(plan.parts[0]!, step);
    const [bases, compensators] = [longs(rows!.bases!.data), longs(rows!.compensators!.data)];
    const own = bases.map((base, i) => places.get(`${base} ${compensators[i]!}`)!);
    expect(new Set(own).size).toBe(each * C);
    // Class by class.
    expect(own.map((row) => row % C)).toEqual([0, 1, 2].flatMap((c) => Array<number>(each).fill(c)));
    for (const row of own) seen.add(row);
    const pair = pairs.at(step);
    expect(view).toEqual(pair.view);
    const { means, targets } = objective.known!;
    expect(means!.shape).toEqual([C, pairs.size]);
    for (let c = 0; c < C; c++)
      expect(floats(means!).subarray(c * pairs.size, (c + 1) * pairs.size)).toEqual(pair.mean(c));
    expect(
      own.map((_, i) =>
        floats(targets!)
          .subarray(C * i, C * i + C)
          .indexOf(1),
      ),
    ).toEqual(own.map((row) => row % C));
  }
  expect(seen.size).toBe(27);
});

test("infer-match sees all images where there are no more", async () => {
  const { stage, plan } = await planned(inferMatch, { compensators: 2 }, 5);
  const { rows } = await plan.draw(plan.parts[0]!, 0);
  expect(plan.rows).toBe(27);
  const all = Array.from({ length: 27 }, (_, row) => `${stage.layout.base(row)} ${stage.layout.compensator(row) + 1}`);
  const compensators = longs(rows!.compensators!.data);
  const drawn = longs(rows!.bases!.data).map((base, i) => `${base} ${compensators[i]!}`);
  expect(drawn.sort()).toEqual(all.sort());
});

/** What a part's rows stand for: items of the set, by the places of those that it learns; -1 is no compensator. */
const itemsOf = ({ learnt }: Part, rows: Readonly<Record<string, Tensor>>): string[] => {
  const compensators = longs(rows.compensators!.data);
  return longs(rows.bases!.data).map((base, i) => {
    const u = compensators[i]!;
    return `${learnt.bases![base]!} ${u === 0 ? -1 : learnt.compensators![u - 1]!}`;
  });
};

test.each<[Method, Record<string, unknown>, number, number[][]]>([
  [inferIntra, {}, 3, [[0], [1], [2]]],
  [inferMatch, { sharing: "class" }, 3, [[0], [1], [2]]],
  [inferMatch, { sharing: "both", compensators: 1 }, 4, [[0, 1, 2]]],
])(
  "every part sees every image that it makes, each class by itself unless all share: %#",
  async (method, options, ipc, classes) => {
    const { stage, plan, pairs } = await planned(method, { perClass: 2, ...options }, ipc);
    const { layout } = stage;
    expect(plan.parts).toHaveLength(classes.length);
    const all = { bases: [] as number[], compensators: [] as number[] };
    for (const [i, part] of plan.parts.entries()) {
      const own = classes[i]!;
      const { rows, objective } = await plan.draw(part, 3);
      const rowsOwn = Array.from({ length: layout.labelled }, (_, row) => row).filter((row) => own.includes(row % C));
      expect(plan.rows).toBe(rowsOwn.length);
      const expected = rowsOwn.map((row) => `${layout.base(row)} ${layout.compensator(row)}`);
      expect(itemsOf(part, rows!).sort()).toEqual(expected.sort());
      expect([...floats(objective.known!.means!)]).toEqual(own.flatMap((c) => [...pairs.at(3).mean(c)]));
      all.bases.push(...part.learnt.bases!);
      all.compensators.push(...part.learnt.compensators!);
      const { bases, compensators } = await plan.start(part);
      expect([bases, compensators].map((values) => values!.length / size)).toEqual([
        part.learnt.bases!.length,
        part.learnt.compensators!.length,
      ]);
      expect(new Set(compensators).size).toBeGreaterThan(compensators!.length / 2);
    }
    // Every item is learnt once.
    const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    expect(all.bases.sort((a, b) => a - b)).toEqual(upTo(layout.bases * C));
    expect(all.compensators.sort((a, b) => a - b)).toEqual(upTo(layout.compensators));
  },
);

test("a class of match is fed its own mean and targets", async () => {
  const { plan, pairs } = await planned(match, {}, 2);
  for (const [c, part] of plan.parts.entries()) {
    const { objective, rows } = await plan.draw(part, 5);
    expect(rows).toBeUndefined();
    expect(floats(objective.known!.means!)).toEqual(pairs.at(5).mean(c));
    expect([...floats(objective.known!.targets!)]).toEqual(
      [0, 1].flatMap(() => [0, 1, 2].map((at) => Number(at === c))),
    );
  }
});

test("infer-match starts from the random real images and small compensators, all different", async () => {
  const { stage, plan } = await planned(inferMatch, { compensators: 2 }, 5);
  const { bases, compensators } = await plan.start(plan.parts[0]!);
  expect(bases).toEqual(await imageSource(data).images(drawImages(data, 3, stage.recipe)));
  expect(compensators).toHaveLength(6 * size);
  const deviation = Math.sqrt(compensators!.reduce((sum, v) => sum + v * v, 0) / compensators!.length);
  expect(deviation).toBeGreaterThan(0.08);
  expect(deviation).toBeLessThan(0.12);
  expect(new Set(compensators).size).toBeGreaterThan(1000);
});
