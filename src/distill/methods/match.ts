// Matching in trained networks: what beats random images.
import { drawSiamese, siamese } from "../../data/augment/siamese.ts";
import { aboveZero, atLeastZero, text, whole } from "../../support/fields.ts";
import { realImages } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { learning } from "../optimise.ts";
import { matchClasses, matchTogether, type PairMatching } from "../pair-matching.ts";
import { openPairs, type PairsOf, pairing } from "../pairs.ts";
import { openPool, type PoolOptions, pooling } from "../pool.ts";

const options = {
  iterations: whole(1, "steps of the images of each class, or of the whole set at once").default(1000),
  learningRate: aboveZero("highest learning rate of images and compensators, in normalised pixels").default(0.02),
  crossEntropy: atLeastZero("weight of the networks' cross-entropy of the images beside the means").default(0),
  real: whole(1, "real images of a class behind a mean").default(256),
  views: whole(1, "augmentations for each network").default(20),
  architecture: text("network whose features are matched; `student`: the recipe's first").default("student"),
  networks: whole(1, "networks that are trained").default(3),
  epochs: whole(1, "epochs that each is trained").default(6),
  moments: whole(1, "moments of its training at which each is kept").default(4),
};

interface Options {
  readonly iterations: number;
  readonly learningRate: number;
  readonly crossEntropy: number;
  readonly real: number;
  readonly views: number;
  readonly architecture: string;
  readonly networks: number;
  readonly epochs: number;
  readonly moments: number;
}

/** The pool that options ask for: networks like the students match best. */
const poolOf = ({ recipe }: MethodStage, { architecture, networks, epochs, moments }: Options): PoolOptions => ({
  architecture: architecture === "student" ? recipe.students[0]! : architecture,
  networks,
  epochs,
  moments,
});

/** Networks of a pool in pairs with views of DSA. */
const pairsOf = async (stage: MethodStage, given: Options): Promise<PairsOf> => {
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

const prepared = async (stage: MethodStage, name: string, options: Options): Promise<PairMatching> => {
  const { iterations, learningRate, crossEntropy } = options;
  const of = await pairsOf(stage, options);
  const pairs = await openPairs(stage, of);
  const { networks, augmentation } = of;
  return { name, iterations, learningRate, crossEntropy, networks, augmentation, pairs, key: {} };
};

/** The kinds of jobs before the images': networks and their pairs. */
const before = (given: Options) => [
  pooling((stage) => poolOf(stage, given)),
  pairing((stage) => pairsOf(stage, given)),
];

const images = learning(async (stage: MethodStage, given: Options) =>
  matchClasses(stage, await prepared(stage, "match", given)),
);

/**
 * Images go down the distance of their mean features from those of real images of their class, in networks like the student
 * (BatchNorm with running statistics: no image changes another), trained on the data and kept at several moments; DM's objective
 * (arXiv 2110.04181) with DSA's augmentation, Adam (.9, .99) along a cosine.
 */
export const match = defineMethod(options, {
  name: "match",
  title: "Matched features",
  about: "real images moved until networks of several stages of training give them their class's mean features",
  family: "features",
  mark: "square",
  needs: { teachers: "none" },
  pixels: "from-natural",
  storage: "formation2",
  make: images.make,
  kinds: (given) => [...before(given), ...images.kinds(given)],
});

/** Images of a class that a step of `infer-match` sees. */
const each = 40;

const together = learning(async (stage: MethodStage, given: Options) =>
  matchTogether(stage, await prepared(stage, "infer-match", given), each),
);

/** INFER's storage, base images and compensators that all classes share, both learnt by matching. */
export const inferMatch = defineMethod(
  { ...options, compensators: whole(1, "compensators of each base set").default(4) },
  {
    name: "infer-match",
    title: "Matched INFER",
    about: "base images and compensators that all classes share, learnt by matching as match does",
    family: "features",
    mark: "diamond",
    needs: { teachers: "none" },
    pixels: "from-natural",
    storage: "formation2",
    compensators: (_, { compensators }) => compensators,
    make: together.make,
    kinds: (given) => [...before(given), ...together.kinds(given)],
  },
);
