// DM, distribution matching.
import { tensor } from "../../autodiff/index.ts";
import { colouring } from "../../data/augment/augmentation.ts";
import { drawColour } from "../../data/augment/colour.ts";
import { drawPaddedCrop } from "../../data/augment/view.ts";
import { buildModel } from "../../models/registry.ts";
import { sgd } from "../../nn/optimisers.ts";
import { aboveZero, belowOne, whole } from "../../support/fields.ts";
import { stream } from "../../support/random.ts";
import { classParts, realImages } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { freshNetworks } from "../networks.ts";
import { meanFeatures } from "../objectives/mean-features.ts";
import { type Optimisation, optimise, optimising } from "../optimise.ts";

interface Options {
  readonly iterations: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly real: number;
}

const architecture = "convnetin";

/**
 * DM (Zhao & Bilen, WACV 2023): real images as a start, moved until the
 * mean features of each class are those of 256 real images of it, in a freshly drawn random ConvNet with instance norm every
 * step. No teacher is needed.
 *
 * The loss is a sum over classes and instance norm lets no image change another, so each class is a loop of its own; the
 * network of a step is the same for all. It departs from the paper in its steps (20,000 there), in its
 * augmentation (colour, crop and mirror every step; one of those, cutout, scale and rotation there) and in cutting off invalid
 * pixels at once.
 */
const planner =
  ({ iterations, learningRate, momentum, real: most }: Options) =>
  async (stage: MethodStage): Promise<Optimisation> => {
    const { data, layout, recipe } = stage;
    const { task, dataset } = data;
    const { seed } = recipe;
    // One output: the layer after the features is not used.
    const model = buildModel(architecture, { ...task, outputs: 1 });
    const networks = freshNetworks(model, (step) => stream(seed, "dm", "network", step));
    const { count: real, draw } = realImages(stage, "dm", most);
    const { parts, classOf, start } = classParts(stage, "dm");
    return {
      layout,
      normalisation: dataset.normalisation,
      augmentation: colouring(task.image),
      optimiser: sgd({ momentum }),
      name: "dm",
      iterations,
      learningRate: () => learningRate,
      parts,
      key: { architecture, real, learningRate, momentum },
      objectives: () => [meanFeatures(networks, { classes: 1, synthetic: layout.bases, real })],
      start,
      draw: async (part, step) => {
        const c = classOf(part);
        return {
          view: {
            ...drawPaddedCrop(stream(seed, "dm", "view", c, step), task.image),
            colour: drawColour(stream(seed, "dm", "colour", c, step)),
          },
          objective: {
            ...(await networks.draw(step)),
            real: { images: tensor(await draw(c, step), [real, 3, task.image.height, task.image.width]) },
          },
        };
      },
      advice: "lower the method's learningRate, or leave dm out",
    };
  };

export const dm = defineMethod(
  {
    iterations: whole(1, "steps of a class; 20,000 in the paper").default(1000),
    learningRate: aboveZero("learning rate of the images").default(1),
    momentum: belowOne("momentum of the images").default(0.5),
    real: whole(1, "real images of a class in a step").default(256),
  },
  {
    name: "dm",
    title: "DM",
    paper: "2110.04181",
    about: "real images moved until random networks give them their class's mean features",
    family: "features",
    mark: "circle",
    needs: { teachers: "none" },
    pixels: "from-natural",
    make: (stage, options) => optimise(stage, planner(options)),
    kinds: (options) => [optimising(planner(options))],
  },
);
