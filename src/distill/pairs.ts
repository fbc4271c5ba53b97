// Pairs of a network and an augmentation, under which means of real images' features are computed once.
import { float32, floats, type Tensor, tensor, trace, type Value } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { keyOf } from "../support/key.ts";
import { type Random, stream } from "../support/random.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { paceOf } from "../support/work/rehearsal.ts";
import { type JobKind, type KeptJob, keptTensor, runKept, tensorStore } from "../training/kept.ts";
import { estimateBytes } from "../training/memory.ts";
import type { RealImages } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import type { KnownNetworks } from "./networks.ts";
import type { MeanDistance } from "./objectives/distances/distance.ts";
import { knownMean } from "./objectives/feature-distance.ts";
import { featureCount, outputsIn, penultimate } from "./objectives/features.ts";
import type { Groups } from "./objectives/objective.ts";
import { type PairOrder, pairOrder } from "./pair-order.ts";

/** The ingredients of pairs. */
export interface PairsOf {
  readonly networks: KnownNetworks;
  readonly distance: MeanDistance;
  readonly augmentation: Augmentation;
  /** Draws an augmentation. */
  draw(random: Random): Readonly<Record<string, Tensor>>;
  /** Augmentations for each network. */
  readonly views: number;
  readonly real: RealImages;
  /** Names augmentation and real images in keys. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** One of the pairs: a network, a view, what the distance draws, and every class's mean under them. */
export interface Pair {
  readonly network: Groups<Tensor>;
  readonly view: Readonly<Record<string, Tensor>>;
  readonly drawn: Readonly<Record<string, Tensor>>;
  /** [S] of class c. */
  mean(c: number): Float32Array;
}

export interface Pairs {
  /** S, F where the distance is that of mean features. */
  readonly size: number;
  readonly key: string;
  /** The pair of a step. */
  at(step: number): Pair;
}

/** The distance's mean [S] over real images [n, 3, H, W] of one class, as a pair sees them. */
const traceMeans = ({ networks, distance, augmentation, real }: PairsOf) => {
  const { height, width } = networks.model.task.image;
  const types = {
    network: networks.types,
    view: { ...augmentation.types },
    drawn: { ...distance.drawn(featureCount(networks)) },
    images: float32(real.count, 3, height, width),
  };
  return trace(types, ({ network, view, drawn, images }) => {
    const featuresOf = (some: Value): Value =>
      penultimate(outputsIn(networks, network, augmentation.apply(some, view)));
    return { mean: knownMean(distance, images, drawn, featuresOf) };
  });
};

/** Draws of a pair. */
const drawing = ({ recipe }: MethodStage, { draw, distance, networks }: PairsOf) => {
  const features = featureCount(networks);
  return (pair: number) => ({
    view: draw(stream(recipe.seed, "pair", pair)),
    drawn: distance.draw(stream(recipe.seed, "pair", pair, "distance"), features),
  });
};

/** The kind of jobs that see real images with a network in all of its views; each is of one network. */
export const pairing = (of: (stage: MethodStage) => Promise<PairsOf>): JobKind<MethodStage> => ({
  kind: "pairs",
  store: tensorStore,
  open: async (stage) => {
    const pairs = await of(stage);
    const { networks, views, real } = pairs;
    const drawnFor = drawing(stage, pairs);
    const { classes, image } = stage.data.task;
    return async (job, worker, { progress, signal, rehearsal }) => {
      const index = Number(job.spec);
      const compiled = await worker.held("pairs", () => worker.device.compile(traceMeans(pairs)));
      const bar = progress.task(`features of network ${index}`, views * classes);
      const means: Float32Array[] = [];
      const pace = paceOf(rehearsal, "pairs", views * classes);
      for (let v = 0; v < views; v++) {
        const pair = index * views + v;
        for (let c = 0; c < classes && pace.more(); c++) {
          stopIfAborted(signal, "pairs");
          const { mean } = await compiled.run({
            network: networks.at(index),
            ...drawnFor(pair),
            images: tensor(await real.draw(c, pair), [real.count, 3, image.height, image.width]),
          });
          means.push(floats(mean));
          bar.update(means.length);
          pace.tick();
        }
      }
      pace.end();
      const size = means[0]!.length;
      const all = new Float32Array(views * classes * size);
      for (const [i, mean] of means.entries()) all.set(mean, i * size);
      return { tensors: { means: tensor(all, [views, classes, size]) }, metadata: {} };
    };
  },
});

/**
 * Pairs of every network with as many views, their means taken from the stage's shared folder where they are known. An order
 * may depend on the number of steps that are going to see them.
 */
export const openPairs = async (
  stage: MethodStage,
  pairs: PairsOf,
  order: PairOrder = "random",
  steps = 1,
): Promise<Pairs> => {
  const { data, recipe, device } = stage;
  const { networks, distance, views, real } = pairs;
  const { classes } = data.task;
  const key = keyOf({
    networks: networks.key,
    views,
    real: real.count,
    ...pairs.key,
    ...distance.key,
    data: data.fingerprint,
    validation: recipe.validation,
    seed: recipe.seed,
    device: device.name,
  });
  const jobs = Array.from(
    { length: networks.count },
    (_, index): KeptJob => ({
      kind: "pairs",
      name: `pairs-${key.slice(0, 8)}-${index}`,
      spec: index,
      key: keyOf({ key, index }),
      like: "features of real images",
      cost: views * classes,
    }),
  );
  const bytes = (): number => estimateBytes(traceMeans(pairs).graph);
  const around = { ...stage, folder: stage.shared };
  const kept = await runKept(
    "features of real images",
    pairing(async () => pairs),
    jobs,
    bytes,
    around,
  );
  const means: Float32Array[] = [];
  for (const one of kept) means.push(floats(await keptTensor(one, "means")));
  const size = means[0]!.length / (views * classes);
  const drawnFor = drawing(stage, pairs);
  const counts = { networks: networks.count, moments: networks.moments, views };
  const pairAt = pairOrder(order, counts, recipe.seed, steps);
  return {
    size,
    key,
    at: (step) => {
      const pair = pairAt(step);
      const [index, v] = [Math.floor(pair / views), pair % views];
      return {
        network: networks.at(index),
        ...drawnFor(pair),
        mean: (c) => means[index]!.subarray((v * classes + c) * size, (v * classes + c + 1) * size),
      };
    },
  };
};
