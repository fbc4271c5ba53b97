// Matching in trained networks: what beats random images.
import { drawSiamese, siamese } from "../../data/augment/siamese.ts";
import { adam } from "../../nn/optimisers.ts";
import { cosine } from "../../nn/schedules.ts";
import { aboveZero, text, whole } from "../../support/fields.ts";
import { matching } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { learning } from "../optimise.ts";
import { openPool } from "../pool.ts";

const options = {
  iterations: whole(1, "steps of a class").default(1000),
  learningRate: aboveZero("highest learning rate of the images, in normalised pixels").default(0.02),
  real: whole(1, "real images of a class in a step").default(128),
  architecture: text("network whose features are matched; a ConvNet does best where students are such").default(
    "convnet",
  ),
  networks: whole(1, "networks that are trained").default(3),
  epochs: whole(1, "epochs that each is trained").default(6),
  moments: whole(1, "moments of its training at which each is kept").default(4),
};

/**
 * Images go down the distance of their mean features from those of real images of their class, in networks like the student
 * (BatchNorm with running statistics: no image changes another), trained on the data and kept at several moments; DM's objective
 * with DSA's augmentation, Adam (.9, .99) along a cosine.
 */
export const match = defineMethod(options, {
  name: "match",
  title: "Matched features",
  about: "real images moved until networks of several stages of training give them their class's mean features",
  family: "features",
  mark: "square",
  needs: { teachers: "none" },
  pixels: "from-natural",
  ...learning(async (stage: MethodStage, { iterations, learningRate, real, storage: _, ...pool }) => {
    const { image } = stage.data.task;
    return matching(stage, {
      name: "match",
      iterations,
      optimiser: adam({ beta1: 0.9, beta2: 0.99 }),
      learningRate: cosine(learningRate, iterations),
      networks: await openPool(stage, pool),
      augmentation: siamese(image),
      draw: (random) => drawSiamese(random("view"), image),
      real,
      key: { learningRate, pool },
    });
  }),
});
