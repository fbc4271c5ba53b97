// IDC: gradients matched by images that are stored small.
import { tensor } from "../../autodiff/index.ts";
import { drawSiamese, siamese } from "../../data/augment/siamese.ts";
import { adam } from "../../nn/optimisers.ts";
import { cosine } from "../../nn/schedules.ts";
import { aboveZero, atLeastZero, choice, whole } from "../../support/fields.ts";
import { oneHot } from "../../tasks/classification.ts";
import { matchingInPool, poolFields, poolOf } from "../matched-networks.ts";
import { matching } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { distanceNames, type GradientDistance, matchedGradients } from "../objectives/matched-gradients.ts";
import { openPool, type PoolOptions } from "../pool.ts";
import { bits } from "../stored.ts";

const options = {
  iterations: whole(1, "steps of the images of each class; 2000 x 100 in the paper").default(1000),
  learningRate: aboveZero("highest learning rate of the images, in normalised pixels").default(0.02),
  distance: choice(
    distanceNames,
    "distance of gradients: 1 - cos of each output's weights (cosine, as in DC and DSA), or sums of squares (mse) or of absolute values (l1), as in IDC",
  ).default("cosine"),
  crossEntropy: atLeastZero("weight of the networks' cross-entropy of the images beside the gradients").default(0),
  real: whole(1, "real images of a class in a step").default(64),
  synthetic: whole(1, "synthetic images of a class in a step at most").default(40),
  ...poolFields,
  bits: bits.default(5),
};

interface Options extends PoolOptions {
  readonly iterations: number;
  readonly learningRate: number;
  readonly distance: GradientDistance;
  readonly crossEntropy: number;
  readonly real: number;
  readonly synthetic: number;
  readonly bits: number;
}

const images = matchingInPool(async (stage: MethodStage, given: Options) => {
  const { iterations, learningRate, distance, crossEntropy, real, synthetic } = given;
  const { image, classes } = stage.data.task;
  const networks = await openPool(stage, poolOf(stage, given));
  return matching(stage, {
    name: "idc",
    iterations,
    optimiser: adam({ beta1: 0.9, beta2: 0.99 }),
    learningRate: cosine(learningRate, iterations),
    networks,
    augmentation: siamese(image),
    draw: (random) => drawSiamese(random("view"), image),
    real,
    synthetic,
    objective: (count) => matchedGradients(networks, { real: count.real, distance, crossEntropy }),
    also: (c) => ({ label: { target: tensor(oneHot([c], classes), [1, classes]) } }),
    key: { networks: networks.key, learningRate, distance, crossEntropy },
  });
});

/**
 * IDC (Kim et al., ICML 2022): images stored at half the size, moved until networks in training get the gradients of real
 * images from them; with storage=images it is DSA (arXiv 2102.08259).
 *
 * It departs from the papers in its networks: there, one is trained on real images between the steps of matching, and begins
 * anew after some; here a step draws one of a pool that was trained beforehand and kept at several moments. BatchNorm has
 * running statistics, so that no image changes another's gradient. The images go down by Adam along a cosine, not by SGD.
 */
export const idc = defineMethod(options, {
  name: "idc",
  title: "IDC",
  paper: "2205.14959",
  about: "real images moved until they give networks of several stages of training their class's gradients",
  family: "features",
  mark: "cross",
  ...images,
});
