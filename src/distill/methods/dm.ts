// DM, distribution matching.
import { colouring } from "../../data/augment/augmentation.ts";
import { drawColour } from "../../data/augment/colour.ts";
import { drawPaddedCrop } from "../../data/augment/view.ts";
import { buildModel } from "../../models/registry.ts";
import { sgd } from "../../nn/optimisers.ts";
import { aboveZero, belowOne, whole } from "../../support/fields.ts";
import { stream } from "../../support/random.ts";
import { matching } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { freshNetworks } from "../networks.ts";
import { mean } from "../objectives/distances/mean.ts";
import { byFeatures } from "../objectives/feature-distance.ts";
import { learning } from "../optimise.ts";
import { bits } from "../stored.ts";

const options = {
  iterations: whole(1, "steps of a class; 20,000 in the paper").default(1000),
  learningRate: aboveZero("learning rate of the images").default(1),
  momentum: belowOne("momentum of the images").default(0.5),
  real: whole(1, "real images of a class in a step").default(256),
  bits: bits.default(8),
};

const architecture = "convnetin";

/**
 * DM (Zhao & Bilen, WACV 2023): real images as a start, moved until the mean features of each class are those of 256 real
 * images of it, in a freshly drawn random ConvNet with instance norm every step. No teacher is needed.
 *
 * It departs from the paper in its steps (20,000 there), in its augmentation (colour, crop and mirror every step; one of those,
 * cutout, scale and rotation there) and in cutting off invalid pixels at once.
 */
export const dm = defineMethod(options, {
  name: "dm",
  title: "DM",
  paper: "2110.04181",
  about: "real images moved until random networks give them their class's mean features",
  family: "features",
  mark: "circle",
  needs: { teachers: "none" },
  pixels: "from-natural",
  ...learning(async (stage: MethodStage, { iterations, learningRate, momentum, real }) => {
    const { image } = stage.data.task;
    // One output: the layer after the features is not used.
    const model = buildModel(architecture, { ...stage.data.task, outputs: 1 });
    const networks = freshNetworks(model, (step) => stream(stage.recipe.seed, "dm", "network", step));
    return matching(stage, {
      name: "dm",
      iterations,
      optimiser: sgd({ momentum }),
      learningRate: () => learningRate,
      networks,
      ...byFeatures(networks, mean),
      augmentation: colouring(image),
      draw: (random) => ({ ...drawPaddedCrop(random("view"), image), colour: drawColour(random("colour")) }),
      real,
      key: { architecture, learningRate, momentum },
    });
  }),
});
