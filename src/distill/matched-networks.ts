// The options of methods that match in trained networks, and what they prepare: a pool and its pairs with DSA's views.
import { drawSiamese, siamese } from "../data/augment/siamese.ts";
import { aboveZero, atLeastZero, text, whole } from "../support/fields.ts";
import { realImages } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import type { PairMatching } from "./pair-matching.ts";
import { openPairs, type PairsOf, pairing } from "./pairs.ts";
import { openPool, type PoolOptions, pooling } from "./pool.ts";
import { bits } from "./stored.ts";

export const matchOptions = {
  iterations: whole(1, "steps of the images of each class, or of the whole set at once").default(1000),
  learningRate: aboveZero("highest learning rate of images and compensators, in normalised pixels").default(0.02),
  crossEntropy: atLeastZero("weight of the networks' cross-entropy of the images beside the means").default(0),
  real: whole(1, "real images of a class behind a mean").default(256),
  views: whole(1, "augmentations for each network").default(20),
  architecture: text("network whose features are matched; `student`: the recipe's first").default("student"),
  networks: whole(1, "networks that are trained").default(3),
  epochs: whole(1, "epochs that each is trained").default(6),
  moments: whole(1, "moments of its training at which each is kept").default(4),
  bits: bits.default(6),
};

export interface MatchOptions {
  readonly iterations: number;
  readonly learningRate: number;
  readonly crossEntropy: number;
  readonly real: number;
  readonly views: number;
  readonly architecture: string;
  readonly networks: number;
  readonly epochs: number;
  readonly moments: number;
  readonly bits: number;
}

/** Architectures that options name; the students' are checked with the students. */
export const networksOf = ({ architecture }: MatchOptions): readonly string[] =>
  architecture === "student" ? [] : [architecture];

/** The pool that options ask for: networks like the students match best. */
const poolOf = ({ recipe }: MethodStage, { architecture, networks, epochs, moments }: MatchOptions): PoolOptions => ({
  architecture: architecture === "student" ? recipe.students[0]! : architecture,
  networks,
  epochs,
  moments,
});

/** Networks of a pool in pairs with views of DSA. */
const pairsOf = async (stage: MethodStage, given: MatchOptions): Promise<PairsOf> => {
  const { real, views } = given;
  const { image } = stage.data.task;
  return {
    networks: await openPool(stage, poolOf(stage, given)),
    augmentation: siamese(image),
    draw: (random) => drawSiamese(random, image),
    views,
    real: realImages(stage, "match", real),
    key: { augmentation: "siamese" },
  };
};

export const prepareMatching = async (
  stage: MethodStage,
  name: string,
  options: MatchOptions,
): Promise<PairMatching> => {
  const { iterations, learningRate, crossEntropy } = options;
  const of = await pairsOf(stage, options);
  const pairs = await openPairs(stage, of);
  const { networks, augmentation } = of;
  return { name, iterations, learningRate, crossEntropy, networks, augmentation, pairs, key: {} };
};

/** The kinds of jobs before the images': networks and their pairs. */
export const beforeMatching = (given: MatchOptions) => [
  pooling((stage) => poolOf(stage, given)),
  pairing((stage) => pairsOf(stage, given)),
];
