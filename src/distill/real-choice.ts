// The real images behind a pair's means: any of their class, one of each cluster, or easy ones before hard ones.
import { constant, matmul, tensor, type Value } from "../autodiff/index.ts";
import { imageSource } from "../recipe/prepare.ts";
import { stream } from "../support/random.ts";
import { type JobKind, tensorStore } from "../training/kept.ts";
import { estimateBytes } from "../training/memory.ts";
import { imagesAtOnce, openRows, type Rows, traceRows } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";
import { anyOf, type ChooseReal, countOf, type RealDraw } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import type { KnownNetworks } from "./networks.ts";
import { frozenFeatures } from "./objectives/features.ts";
import { momentOf } from "./pair-order.ts";
import { rankingBy } from "./select/bases.ts";
import { featuresIn } from "./select/choose.ts";
import { kMeans } from "./select/k-means.ts";
import { runScan, type Scan, scanning, wholeClass } from "./select/scan.ts";

export const realChoices = ["random", "clusters", "easy-to-hard"] as const;
export type RealChoice = (typeof realChoices)[number];

/** The networks that are matched, the last of which judges images, and at most how many of a class a pair sees. */
export interface Judges {
  readonly networks: KnownNetworks;
  readonly real: number;
}

/** The last network of a pool, at the end of its training. */
const judgeOf = ({ networks: { model, count, at } }: Judges): Frozen => {
  const { parameters = {}, statistics = {} } = at(count - 1);
  return { model, weights: { parameters, statistics } };
};

/** A scan whose network and rows nobody else needs to know. */
const looking = <Network, Row>(scan: Scan<Network, Row>) => ({
  kind: scanning(scan),
  run: (stage: MethodStage) => runScan(stage, scan),
});

/** k-means of features that are projected at random to a few dimensions. */
const settings = { dimensions: 16, iterations: 5 } as const;

/** Features of images [n, 3, H, W], projected by a Gaussian matrix, [n, dimensions]. */
const projected = (judge: Frozen, seed: number) => (images: Value) => {
  const features = frozenFeatures(judge, images);
  const shape = [features.shape[1]!, settings.dimensions] as const;
  const { normal } = stream(seed, "clusters", "projection");
  const matrix = Float32Array.from({ length: shape[0] * shape[1] }, () => normal() / Math.sqrt(settings.dimensions));
  return matmul(features, constant(tensor(matrix, shape)));
};

/** Clusters of the images of each class, [n_c], as many as a pair sees images. */
const clustering = (judges: Judges): Scan<Rows, Float32Array> => {
  const judge = judgeOf(judges);
  const traced = ({ data, recipe }: MethodStage) => traceRows(data.task, projected(judge, recipe.seed));
  return {
    name: "clusters",
    key: () => ({ settings, networks: judges.networks.key, real: judges.real }),
    members: wholeClass,
    atOnce: ({ data }) => imagesAtOnce(data.task),
    open: (stage, worker) => openRows(worker.device, traced(stage)),
    bytes: (stage) => estimateBytes(traced(stage).graph),
    look: async ({ data }, network, images) => featuresIn(network, await imageSource(data).images(images)),
    conclude: (stage, rows) =>
      Array.from(
        kMeans(
          { rows: Float32Array.from(rows.flatMap((row) => [...row])), size: settings.dimensions },
          countOf(stage, judges.real),
          settings.iterations,
          stream(stage.recipe.seed, "clusters"),
        ),
      ),
  };
};

/** One of the ways to choose. */
interface Way {
  /** Settings by which means of images so chosen differ from others. */
  readonly key: Readonly<Record<string, unknown>>;
  /** The scan of each class that comes before. */
  readonly look?: (judges: Judges) => ReturnType<typeof looking>;
  /** `found` is that of the class; `part` of training is over at the moment of the pair's network. */
  choose(wanted: RealDraw, found: readonly number[], part: number): Int32Array;
}

const ways: Readonly<Record<RealChoice, Way>> = {
  random: { key: {}, choose: anyOf },
  clusters: {
    key: { realImages: "clusters", settings },
    look: (judges) => looking(clustering(judges)),
    // In a random order, the first of every cluster before the second of any: an empty cluster leaves no gap.
    choose: ({ members, count, random }, clusters) => {
      const seen = new Map<number, number>();
      const ranked = Array.from(random.permutation(members.length), (at) => {
        const rank = seen.get(clusters[at]!) ?? 0;
        seen.set(clusters[at]!, rank + 1);
        return { image: members[at]!, rank };
      });
      const first = ranked.sort((a, b) => a.rank - b.rank).slice(0, count);
      return Int32Array.from(first, ({ image }) => image);
    },
  },
  "easy-to-hard": {
    key: { realImages: "easy-to-hard" },
    look: ({ networks, real }) =>
      looking(
        rankingBy(
          "easy-to-hard",
          () => [judgeOf({ networks, real })],
          () => ({ networks: networks.key }),
        ),
      ),
    choose: ({ count, random }, easiest, part) => {
      const seen = Math.max(count, Math.ceil(part * easiest.length));
      return random
        .permutation(seen)
        .subarray(0, count)
        .map((at) => easiest[at]!);
    },
  },
};

/** The settings of a choice for keys, and the choice itself, for pairs with so many views. */
export const openChoice = async (
  stage: MethodStage,
  choice: RealChoice,
  judges: Judges,
  views: number,
): Promise<{ readonly key: Way["key"]; readonly choose: ChooseReal }> => {
  const { key, look, choose } = ways[choice];
  const found = await look?.(judges).run(stage);
  const { moments } = judges.networks;
  return {
    key,
    choose: (wanted) =>
      choose(wanted, found?.[wanted.c] ?? [], (momentOf(wanted.step, { moments, views }) + 1) / moments),
  };
};

/** The kinds of jobs of a choice. */
export const choosingReal = (
  choice: RealChoice,
  judgesOf: (stage: MethodStage) => Promise<Judges>,
): JobKind<MethodStage>[] => {
  const { look } = ways[choice];
  if (look === undefined) return [];
  return [{ kind: choice, store: tensorStore, open: async (stage) => look(await judgesOf(stage)).kind.open(stage) }];
};
