import { mapTree, sizeOf, type Tensor, type TensorType, type Traced, tensor } from "../src/autodiff/index.ts";
import { shifting } from "../src/data/augment/augmentation.ts";
import { drawSiamese, siamese } from "../src/data/augment/siamese.ts";
import { parameterTypes } from "../src/distill/networks.ts";
import { mean } from "../src/distill/objectives/distances/mean.ts";
import { distanceFromImages, distanceFromMeans } from "../src/distill/objectives/feature-distance.ts";
import { everyClassOnce, teacherObjective } from "../src/distill/objectives/teacher.ts";
import { traceStep } from "../src/distill/optimise-step.ts";
import { freshWeights, type Model } from "../src/models/model.ts";
import { buildModel } from "../src/models/registry.ts";
import { inferenceNorm, statisticsTypes } from "../src/nn/batch-norm.ts";
import { adam, adamw, hyperTensors, type Optimiser, zerosLike } from "../src/nn/optimisers.ts";
import { layoutOf } from "../src/sets/layout.ts";
import { stream } from "../src/support/random.ts";
import { classification } from "../src/tasks/classification.ts";
import { traceTrainStep, trainStateTypes } from "../src/training/train-step.ts";
import { invertedNetwork } from "./inverted.ts";

export interface StepOptions {
  readonly work: string;
  readonly model: string;
  /** Images of a training step, or of each class in a matching step; an INFER step has one for each class. */
  readonly batch: number;
  readonly classes: number;
  /** Real images of each class that a matching step sees; 0 where their mean features are known. */
  readonly real: number;
}

type Types = { readonly [key: string]: TensorType | Types };
type Tensors = { readonly [key: string]: Tensor | Tensors };

/** One of our steps with what goes in: random images and targets, the weights a network starts from. */
export interface OurStep {
  readonly model: Model;
  readonly traced: Traced<{ state: Types; feeds: Types }, { state: Types; fetches: Types }>;
  readonly state: Tensors;
  /** Steps of ours that do the work of one of PyTorch's: one for each class where classes are learnt one by one. */
  readonly steps: number;
  /** What step i is fed, in fresh buffers. */
  feeds(i: number): Tensors;
}

const random = stream(0, "bench");

const normal = (...shape: readonly number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    shape,
  );

const copy = ({ data, shape }: Tensor): Tensor => tensor(data.slice(), shape);

const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;

const hyperOf = (optimiser: Optimiser, step: number, rate: number): Tensors =>
  hyperTensors(optimiser.hyper(step, rate));

/** Forward with batch statistics, KL of soft labels at T = 30, backward, AdamW. */
const trainStep = (model: Model, batch: number): OurStep => {
  const { outputs, image } = model.task;
  const optimiser = adamw({ weightDecay: 0.01 });
  const images = normal(batch, 3, image.height, image.width);
  const targets = normal(batch, outputs);
  return {
    model,
    steps: 1,
    traced: traceTrainStep(model, optimiser, { kind: "soft", temperature: 30 }, batch) as unknown as OurStep["traced"],
    state: {
      ...freshWeights(model, random),
      slots: zerosLike(trainStateTypes(model, optimiser).slots),
    },
    feeds: (i) => ({
      images: copy(images),
      targets: { targets: copy(targets) },
      hyper: hyperOf(optimiser, i, 1e-3),
    }),
  };
};

/** One step of a compensator that all classes share: cross entropy and statistics loss of a frozen teacher, Adam. */
const inferStep = (model: Model): OurStep => {
  const { classes, image } = model.task;
  const optimiser = adam({ beta1: 0.5, beta2: 0.9 });
  const teacher = { model, weights: freshWeights(model, random) };
  const budget = { ipc: 2, bases: 1, compensators: 1, perBase: 1, perClass: 0, trainingImages: 2 * classes };
  const stored = { budget, classes: { length: classes }, image, normalisation, storage: { kind: "images" } };
  const traced = traceStep(
    { layout: layoutOf(stored), normalisation, augmentation: shifting(image), optimiser },
    { learnt: { compensators: 1 }, fixed: { bases: classes } },
    teacherObjective(teacher, classes, { alpha: 1 }),
  );
  const { learnt, slots } = traced.inputs.state;
  const shift = (size: number): Tensor => {
    const by = random.int(5);
    return tensor(
      BigInt64Array.from({ length: size }, (_, i) => BigInt((i + size - by) % size)),
      [size],
    );
  };
  return {
    model,
    steps: 1,
    traced: traced as unknown as OurStep["traced"],
    state: {
      learnt: zerosLike({ learnt }).learnt!,
      slots: zerosLike(slots),
      fixed: { bases: normal(classes, 3, image.height, image.width) },
    },
    feeds: (i) => ({
      view: { rows: shift(image.height), columns: shift(image.width) },
      objective: { labels: { targets: everyClassOnce(classes) } },
      hyper: hyperOf(optimiser, i, 0.25),
    }),
  };
};

/**
 * The steps of all classes, one by one as `match` and DM take them: half-size images go down the distance of their mean features
 * from those of real images, which are seen in the step (DM) or known (`match`). The network is fed anew every step.
 */
const matchStep = (model: Model, { classes, batch, real }: StepOptions): OurStep => {
  const { image } = model.task;
  const optimiser = adam({ beta1: 0.9, beta2: 0.99 });
  const weights = freshWeights(model, random);
  const network = (): Record<"parameters" | "statistics", Record<string, Tensor>> =>
    mapTree({ parameters: weights.parameters, statistics: weights.statistics }, copy);
  const networks = {
    model,
    types: { parameters: parameterTypes(model), statistics: statisticsTypes(model.norms) },
    normalise: inferenceNorm,
    draw: async () => network(),
  };
  const size = model.parameters["fc.weight"]!.shape[1]!;
  const matched = { networks, distance: mean, classes: 1 };
  const objective =
    real > 0
      ? distanceFromImages(matched, real)
      : distanceFromMeans({ ...matched, synthetic: batch, size, crossEntropy: 0 });
  const target = real > 0 ? normal(real, 3, image.height, image.width) : normal(1, size);
  const budget = {
    ipc: batch / 4,
    bases: batch,
    compensators: 0,
    perBase: 0,
    perClass: 0,
    trainingImages: batch * classes,
  };
  const stored = { budget, classes: { length: classes }, image, normalisation, storage: { kind: "formation2" } };
  const traced = traceStep(
    { layout: layoutOf(stored), normalisation, augmentation: siamese(image), optimiser },
    { learnt: { bases: batch } },
    objective,
  );
  const { learnt, slots } = traced.inputs.state;
  return {
    model,
    steps: classes,
    traced: traced as unknown as OurStep["traced"],
    state: { learnt: { bases: normal(...learnt.bases!.shape) }, slots: zerosLike(slots), fixed: {} },
    feeds: (i) => ({
      view: drawSiamese(random, image),
      objective: {
        ...network(),
        drawn: {},
        ...(real > 0 ? { real: { images: copy(target) } } : { known: { means: copy(target) } }),
      },
      hyper: hyperOf(optimiser, i, 0.02),
    }),
  };
};

/** Our side of what peers/torch_peer.py does under the same names. */
export const buildStep = (options: StepOptions): OurStep => {
  const { work, model: name, batch, classes } = options;
  const task = classification(classes, { height: 32, width: 32 });
  const model = name === "inverted" ? invertedNetwork(task) : buildModel(name, task);
  if (work === "match-step") return matchStep(model, options);
  return work === "train-step" ? trainStep(model, batch) : inferStep(model);
};
