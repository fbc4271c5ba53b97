// DSDM, matching of means and covariances.
import { drawSiamese, siamese } from "../../data/augment/siamese.ts";
import { sgd } from "../../nn/optimisers.ts";
import { aboveZero, belowOne, whole } from "../../support/fields.ts";
import { matchingInPool, poolFields, poolOf } from "../matched-networks.ts";
import { matching } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { covariance } from "../objectives/distances/covariance.ts";
import { byFeatures } from "../objectives/feature-distance.ts";
import { openPool, type PoolOptions } from "../pool.ts";
import { bits } from "../stored.ts";

const options = {
  iterations: whole(1, "steps of a class; 10,000 in the paper").default(1000),
  learningRate: aboveZero("learning rate of the images").default(0.1),
  momentum: belowOne("momentum of the images").default(0.5),
  real: whole(1, "real images of a class in a step").default(256),
  ...poolFields,
  architecture: poolFields.architecture.removeDefault().default("convnetin"),
  bits: bits.default(5),
};

interface Options extends PoolOptions {
  readonly iterations: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly real: number;
  readonly bits: number;
}

const images = matchingInPool(async (stage: MethodStage, given: Options) => {
  const { iterations, learningRate, momentum, real } = given;
  const { image } = stage.data.task;
  const pool = await openPool(stage, poolOf(stage, given));
  return matching(stage, {
    name: "dsdm",
    iterations,
    optimiser: sgd({ momentum }),
    learningRate: () => learningRate,
    networks: pool,
    ...byFeatures(pool, covariance),
    augmentation: siamese(image),
    draw: (random) => drawSiamese(random("view"), image),
    real,
    key: { pool: pool.key, ...covariance.key, learningRate, momentum },
  });
});

/**
 * DSDM (Li et al., ACM Multimedia 2024): images go down the distance of means and covariances of features in trained networks.
 *
 * It departs from the paper in its steps, in its networks (10 of 20 epochs there; here fewer at several moments of theirs), and
 * in leaving out the means of earlier steps, which the authors' code adds after 2,000.
 */
export const dsdm = defineMethod(options, {
  name: "dsdm",
  title: "DSDM",
  about: "real images moved until trained networks give them the mean and the covariance of their class's features",
  family: "features",
  mark: "wedge",
  ...images,
});
