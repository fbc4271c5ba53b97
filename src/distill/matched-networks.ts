// The options of methods that match in trained networks, and what they prepare: a pool and its pairs with DSA's views.
import { drawSiamese, siamese } from "../data/augment/siamese.ts";
import { aboveZero, atLeastZero, choice, text, whole } from "../support/fields.ts";
import { between } from "./between.ts";
import { realImages } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import { meanDistances } from "./objectives/distances/registry.ts";
import { learning, type Optimisation } from "./optimise.ts";
import { matchPairs, type PairMatching } from "./pair-matching.ts";
import { type PairOrder, pairOrders } from "./pair-order.ts";
import { openPairs, type PairsOf, pairing } from "./pairs.ts";
import { openPool, type PoolOptions, pooling } from "./pool.ts";
import { choosingReal, openChoice, type RealChoice, realChoices } from "./real-choice.ts";
import { bits } from "./stored.ts";

/** A network at moments of its training, or between its beginning and its end. */
const weights = ["moments", "between"] as const;

/** Options of a pool of networks. */
export const poolFields = {
  architecture: text("network whose features are matched; `student`: the recipe's first").default("student"),
  networks: whole(1, "networks that are trained").default(3),
  epochs: whole(1, "epochs that each is trained").default(6),
  moments: whole(1, "moments of its training at which each is kept").default(4),
};

export const matchOptions = {
  iterations: whole(1, "steps of the images of each class, or of the whole set at once").default(1000),
  learningRate: aboveZero("highest learning rate of images and compensators, in normalised pixels").default(0.02),
  crossEntropy: atLeastZero("weight of the networks' cross-entropy of the images beside the distance").default(4),
  real: whole(1, "real images of a class behind a mean").default(256),
  views: whole(1, "augmentations for each network").default(20),
  ...poolFields,
  distance: choice(
    meanDistances.map(({ name }) => name) as [string, ...string[]],
    `what comes down: ${meanDistances.map(({ name, about }) => `${name} (${about})`).join(", ")}`,
  ).default("mean"),
  weights: choice(
    weights,
    "a network's weights: those of its moments, or as many between the initial and the last ones (between, for instance norm)",
  ).default("moments"),
  order: choice(
    pairOrders,
    "which networks steps see: random ones, or those of the first moments first and of the last ones last (early-to-late)",
  ).default("random"),
  realImages: choice(
    realChoices,
    "which real images are behind a mean: random ones, one of each of as many clusters of their class (clusters), or those with " +
      "the lowest cross-entropy at early moments and all of them at the last (easy-to-hard)",
  ).default("random"),
  bits: bits.default(5),
};

export interface MatchOptions extends PoolOptions {
  readonly iterations: number;
  readonly learningRate: number;
  readonly crossEntropy: number;
  readonly real: number;
  readonly views: number;
  readonly distance: string;
  readonly weights: (typeof weights)[number];
  readonly order: PairOrder;
  readonly realImages: RealChoice;
  readonly bits: number;
}

/** Architectures that options name; the students' are checked with the students. */
export const networksOf = ({ architecture }: Pick<PoolOptions, "architecture">): readonly string[] =>
  architecture === "student" ? [] : [architecture];

/** The pool that options ask for: networks like the students match best. */
export const poolOf = (
  { recipe }: MethodStage,
  { architecture, networks, epochs, moments }: PoolOptions,
): PoolOptions => ({
  architecture: architecture === "student" ? recipe.students[0]! : architecture,
  networks,
  epochs,
  moments,
});

const judgesOf = async (stage: MethodStage, given: MatchOptions) => ({
  networks: await openPool(stage, poolOf(stage, given)),
  real: given.real,
});

/** Networks of a pool in pairs with views of DSA. */
const pairsOf = async (stage: MethodStage, given: MatchOptions): Promise<PairsOf> => {
  const { real, views } = given;
  const { image } = stage.data.task;
  const judges = await judgesOf(stage, given);
  const { key, choose } = await openChoice(stage, given.realImages, judges, views);
  // Steps or real images that go by moments need networks that do, too.
  const shares = given.order === "early-to-late" || given.realImages === "easy-to-hard" ? "rising" : "any";
  return {
    networks: given.weights === "between" ? await between(stage, judges.networks, shares) : judges.networks,
    distance: meanDistances.find(({ name }) => name === given.distance)!,
    augmentation: siamese(image),
    draw: (random) => drawSiamese(random, image),
    views,
    real: realImages(stage, "match", real, choose),
    key: { augmentation: "siamese", ...key },
  };
};

const prepareMatching = async (stage: MethodStage, name: string, options: MatchOptions): Promise<PairMatching> => {
  const { iterations, learningRate, crossEntropy, order } = options;
  const of = await pairsOf(stage, options);
  const pairs = await openPairs(stage, of, order, iterations);
  const { networks, distance, augmentation } = of;
  // The default stands in no key, so that finished work which names no order is found.
  const key = order === "random" ? {} : { order };
  return { name, iterations, learningRate, crossEntropy, networks, distance, augmentation, pairs, key };
};

/** The kinds of jobs before the images': networks and their pairs. */
const beforeMatching = (given: MatchOptions) => [
  pooling((stage) => poolOf(stage, given)),
  ...choosingReal(given.realImages, (stage) => judgesOf(stage, given)),
  pairing((stage) => pairsOf(stage, given)),
];

const natural = { needs: { teachers: "none" }, pixels: "from-natural", storage: "formation2" } as const;

/** Fields of a method that matches real images in networks of a pool: its words apart, all but the plan. */
export const matchingInPool = <O extends PoolOptions & { readonly bits: number }>(
  plan: (stage: MethodStage, given: O) => Promise<Optimisation>,
) => {
  const images = learning(plan);
  return {
    ...natural,
    trains: (given: O) => networksOf(given),
    make: images.make,
    kinds: (given: O) => [pooling((stage) => poolOf(stage, given)), ...images.kinds(given)],
  };
};

/** The same with means that are known, for steps that see up to `most` images of a class. */
export const matchingPairs = (
  name: string,
  { most, ...how }: Partial<PairMatching> & { readonly most?: number } = {},
) => {
  const images = learning(async (stage: MethodStage, given: MatchOptions) =>
    matchPairs(stage, { ...(await prepareMatching(stage, name, given)), ...how }, most),
  );
  return {
    ...natural,
    trains: (given: MatchOptions) => networksOf(given),
    make: images.make,
    kinds: (given: MatchOptions) => [...beforeMatching(given), ...images.kinds(given)],
  };
};
