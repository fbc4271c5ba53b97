// MTT: training on the set goes where training on the data went.
import { float32, longs } from "../../autodiff/index.ts";
import { drawSiamese, siamese } from "../../data/augment/siamese.ts";
import { adam } from "../../nn/optimisers.ts";
import { cosine } from "../../nn/schedules.ts";
import { aboveZero, atLeastZero, text, whole } from "../../support/fields.ts";
import { stream } from "../../support/random.ts";
import { batchIndices } from "../../training/batches.ts";
import { networksOf, poolOf } from "../matched-networks.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { learning, type Part } from "../optimise.ts";
import { openPool, type PoolOptions, pooling } from "../pool.ts";
import { drawImages } from "../select/draw.ts";
import { pickNormalised } from "../select/pick.ts";
import { bits } from "../stored.ts";
import { planTrajectory, trajectoryFeeds } from "../trajectory-step.ts";

const options = {
  iterations: whole(1, "steps of the set, each of a whole training of a student; 5000 in the paper").default(300),
  learningRate: aboveZero("highest learning rate of images and logarithm of the step size").default(0.1),
  crossEntropy: atLeastZero("weight of the student's cross-entropy on its batches beside the distance").default(0),
  steps: whole(1, "steps of the student").default(10),
  batch: whole(1, "images of each at most").default(100),
  stepSize: aboveZero("the student's step size at the beginning; it is learnt").default(0.03),
  architecture: text("network of experts and students; `student`: the recipe's first").default("student"),
  experts: whole(1, "experts that are trained; 100 in the paper").default(3),
  starts: whole(1, "epochs of an expert, from its first, at whose beginning a student may start").default(5),
  ahead: whole(1, "epochs of the expert that the student catches up with").default(2),
  bits: bits.default(5),
};

interface Options {
  readonly iterations: number;
  readonly learningRate: number;
  readonly crossEntropy: number;
  readonly steps: number;
  readonly batch: number;
  readonly stepSize: number;
  readonly architecture: string;
  readonly experts: number;
  readonly starts: number;
  readonly ahead: number;
  readonly bits: number;
}

/** Trajectories: plain SGD, weights kept before the first epoch and after each. */
const expertsOf = (stage: MethodStage, { architecture, experts, starts, ahead }: Options): PoolOptions => {
  const epochs = starts - 1 + ahead;
  return {
    ...poolOf(stage, { architecture, networks: experts, epochs, moments: epochs }),
    untrained: true,
    training: { batch: 256, learningRate: 0.1, momentum: 0, weightDecay: 0, constant: true },
  };
};

const set = learning(async (stage: MethodStage, given: Options) => {
  const { data, layout, recipe } = stage;
  const { iterations, learningRate, crossEntropy, steps, stepSize, experts: count, starts, ahead } = given;
  const { bases: K, classes: C, image } = layout;
  const batch = Math.min(given.batch, K * C);
  const experts = await openPool(stage, expertsOf(stage, given));
  const all: Part = {
    name: "all",
    title: "mtt",
    curve: "mtt",
    learnt: { bases: Array.from({ length: K * C }, (_, i) => i) },
    graph: "mtt",
    key: { bases: K },
  };
  const parts = {
    layout,
    normalisation: data.dataset.normalisation,
    augmentation: siamese(image),
    optimiser: adam({ beta1: 0.9, beta2: 0.99 }),
    beside: { stepSize: float32() },
  };
  const itemsOf = batchIndices(K * C, batch, recipe.seed, "mtt");
  const weightsAt = (expert: number, epoch: number) => experts.at(expert * experts.moments + epoch).parameters!;
  return {
    ...parts,
    name: "mtt",
    iterations,
    learningRate: cosine(learningRate, iterations),
    parts: [all],
    key: { experts: experts.key, learningRate, crossEntropy, steps, batch, stepSize, starts, ahead },
    objectives: () => [],
    step: () => planTrajectory({ ...parts, model: experts.model, bases: K * C, steps, batch, crossEntropy }),
    start: async () => ({
      bases: await pickNormalised(stage, drawImages(data, K, recipe)),
      stepSize: Float32Array.of(Math.log(stepSize)),
    }),
    draw: async (_, step) => {
      const random = stream(recipe.seed, "mtt", "expert", step);
      const [expert, epoch] = [random.int(count), random.int(starts)];
      const batches = Array.from({ length: steps }, (_step, i) => {
        const items = itemsOf(step * steps + i);
        return {
          items: longs(items),
          // Item k C + c is of class c.
          ...data.task.targets(items.map((item) => item % C)),
          ...drawSiamese(stream(recipe.seed, "mtt", "view", step, i), image),
        };
      });
      return {
        view: {},
        objective: trajectoryFeeds(weightsAt(expert, epoch), weightsAt(expert, epoch + ahead), batches),
      };
    },
    advice: "lower the method's learningRate or stepSize, or leave mtt out",
  };
});

/**
 * MTT (Cazenavette et al., CVPR 2022): real images moved until N steps on them take a student from an expert's weights to
 * those that the expert had some epochs of the whole data later; the student's step size is learnt with them.
 *
 * It departs from the paper in its numbers of experts and steps, in Adam along a cosine for images and step size (whose
 * logarithm is learnt, so that it stays above 0; SGD there), in its experts' images (cropped and mirrored; DSA's views there)
 * and in training whichever network the students are. Labels and students of a set know nothing of the step size.
 */
export const mtt = defineMethod(options, {
  name: "mtt",
  title: "MTT",
  paper: "2203.11932",
  about: "real images moved until a few steps on them train a network as epochs of the whole data do",
  family: "features",
  mark: "star",
  needs: { teachers: "none" },
  pixels: "from-natural",
  trains: networksOf,
  make: set.make,
  kinds: (given) => [pooling((stage) => expertsOf(stage, given)), ...set.kinds(given)],
});
