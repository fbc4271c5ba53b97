import { basename } from "node:path";
import { float32, tensor } from "../autodiff/index.ts";
import { cropFlip } from "../data/augment.ts";
import type { Split } from "../data/dataset.ts";
import { freshWeights, type Model, type Task, type Weights } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { statisticsTypes } from "../nn/batch-norm.ts";
import { slowHyper } from "../nn/lookahead.ts";
import { muon } from "../nn/muon.ts";
import { adamw, hyperTensors, type Optimiser, sgd } from "../nn/optimisers.ts";
import { cosine, oneCycle, triangle } from "../nn/schedules.ts";
import { plural } from "../report/format.ts";
import type { Device } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { sha256, writeAtomic } from "../support/files.ts";
import { stream } from "../support/random.ts";
import { alternatingFlips, batchIndices, oneHot } from "../training/batches.ts";
import { encodeStored, named, readStored, rebuild } from "../training/checkpoint.ts";
import { forget, type History, runLoop, type Surroundings } from "../training/loop.ts";
import { accuracyOf, openClassifier } from "../training/predict.ts";
import { imagesToFit } from "../training/readable.ts";
import { startTraining, traceTrainStep, trainStateTypes } from "../training/train-step.ts";
import { sixViews } from "../training/views.ts";
import { watched } from "../training/watch.ts";
import { keyOf } from "./key.ts";
import { type Prepared, readable } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";

/** A trained network that stays as it is, and what its file says of it. */
export interface Teacher {
  readonly model: Model;
  readonly weights: Weights;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Per cent of the test images, after the last epoch, each image seen once as it is. */
  readonly accuracy: number;
  /** The same with six views of each image, where the recipe asks for it. */
  readonly accuracyViews?: number;
  readonly validationAccuracy: number;
  readonly epochs: number;
  readonly history: History;
}

/** The metadata of a teacher file, as JSON under the key "teacher". */
interface Card {
  readonly key: string;
  readonly architecture: string;
  readonly classes: readonly string[];
  readonly image: Task["image"];
  readonly normalisation: unknown;
  readonly accuracy: number;
  readonly accuracyViews?: number;
  readonly validationAccuracy: number;
  readonly epochs: number;
  readonly history: History;
}

const weightTypes = (model: Model) => ({
  parameters: Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [name, float32(...shape)]),
  ),
  statistics: statisticsTypes(model.norms),
});

/** Names in the file are torch's: parameters and running statistics side by side. */
const flatWeights = ({ parameters, statistics }: Weights) => ({ ...parameters, ...statistics });

/**
 * Reads a teacher file for a data set. Undefined where there is none or, with `key`, where it is of other work.
 * @throws CHECKPOINT if it is damaged, no teacher, or made for other classes or another image size.
 */
export const readTeacher = async (
  file: string,
  { dataset, task }: Prepared,
  key?: string,
): Promise<Teacher | undefined> => {
  const stored = await readStored(file);
  if (stored === undefined) return undefined;
  const text = stored.metadata.teacher;
  if (text === undefined)
    throw new DistilleryError(
      "CHECKPOINT",
      `${file} is no teacher of ours: it lacks the metadata "teacher"; make one with distillery teach`,
    );
  const card = JSON.parse(text) as Card;
  if (key !== undefined && card.key !== key) return undefined;
  const { height, width } = card.image;
  if (
    JSON.stringify(card.classes) !== JSON.stringify(dataset.classes) ||
    height !== task.image.height ||
    width !== task.image.width
  ) {
    throw new DistilleryError(
      "CHECKPOINT",
      `${file} was trained for ${card.classes.length} classes (${card.classes.slice(0, 3).join(", ")}, ...) at ${height}x${width}, ` +
        `but the data has ${task.classes} classes (${dataset.classes.slice(0, 3).join(", ")}, ...) at ${task.image.height}x${task.image.width}; give a teacher of these classes, or an architecture to train one`,
    );
  }
  const model = buildModel(card.architecture, task);
  const types = weightTypes(model);
  const flat = rebuild({ ...types.parameters, ...types.statistics }, stored.tensors, file);
  const pick = (names: Record<string, unknown>) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, flat[name]!]));
  const bytes = encodeStored(stored);
  return {
    ...card,
    // JSON has no NaN, which is the accuracy on no validation images.
    validationAccuracy: card.validationAccuracy ?? Number.NaN,
    model,
    weights: { parameters: pick(types.parameters), statistics: pick(types.statistics) },
    file,
    sha256: sha256(bytes),
    bytes: bytes.length,
  };
};

type Settings = Omit<Recipe["teacher"], "watch">;

const optimiserOf = ({ optimiser, momentum, weightDecay, learningRate, filterRate }: Settings): Optimiser => {
  switch (optimiser) {
    case "sgd":
      return sgd({ momentum, weightDecay, nesterov: true });
    case "adamw":
      return adamw({ weightDecay });
    case "muon":
      return muon({ momentum, weightDecay, filterRate: filterRate / learningRate });
  }
};

const schedules = { cosine, "one-cycle": oneCycle, triangle } as const;

/** The images and targets of every step of teacher number `index`. */
const batchesOf = (recipe: Recipe, index: number, data: Prepared, batch: number) => {
  const { train, task } = data;
  const { images: read } = readable(data);
  const { flip, shift, fill, labelSmoothing } = recipe.teacher;
  const { height, width } = task.image;
  const name = `teacher ${index}`;
  const order = batchIndices(train.length, batch, recipe.seed, name);
  const flips = flip === "alternating" ? alternatingFlips(train.length, batch, recipe.seed, name) : undefined;
  return async (step: number) => {
    const indices = order(step);
    const random = stream(recipe.seed, "teacher", index, "step", step);
    const images = cropFlip(await read(indices), batch, height, width, Math.round(height * shift), random, {
      fill,
      ...(flips && { mirrored: flips(step, indices) }),
    });
    const labels = indices.map((i) => train.labels[i]!);
    return {
      images: tensor(images, [batch, 3, height, width]),
      targets: { targets: tensor(oneHot(labels, task.classes, labelSmoothing), [batch, task.classes]) },
    };
  };
};

/** Trains teacher number `index` of a recipe into `folder`, or reads it from there if it is finished. */
export const trainTeacher = async (
  recipe: Recipe,
  index: number,
  data: Prepared,
  device: Device,
  folder: string,
  surroundings: Surroundings,
): Promise<Teacher> => {
  const model = buildModel(recipe.teachers[index]!, data.task);
  const { watch, ...settings } = recipe.teacher;
  const { dataset, train, validation, task } = data;
  const key = keyOf({
    data: data.fingerprint,
    validation: recipe.validation,
    architecture: model.name,
    settings,
    seed: recipe.seed,
    index,
    device: device.name,
  });
  const file = `${folder}/${index}-${model.name}.safetensors`;
  const done = await readTeacher(file, data, key);
  if (done !== undefined) return done;

  const title = `teacher ${model.name}`;
  const optimiser = optimiserOf(settings);
  const batch = Math.min(settings.batch, train.length);
  const stepsPerEpoch = Math.ceil(train.length / batch);
  const steps = settings.epochs * stepsPerEpoch;
  const learningRate = schedules[settings.schedule](settings.learningRate, steps);
  const { biasRate, lookahead } = settings;
  const options = { biasRate, lookahead };
  const stepper = await device.compileStep(traceTrainStep(model, optimiser, { kind: "hard" }, batch, options));
  const checkpoint = { file: `${folder}/${index}-${model.name}.partial`, key };
  const images = await imagesToFit(model, readable(data), stream(recipe.seed, "teacher", index, "fit"));
  const batches = batchesOf(recipe, index, data, batch);
  const feeds = async (step: number) => ({
    ...(await batches(step)),
    hyper: hyperTensors({
      ...optimiser.hyper(step, learningRate(step)),
      ...(lookahead && slowHyper(step, steps)),
    }),
  });
  const measure = async (weights: Weights, split: Split, what: string): Promise<number> => {
    const classifier = await openClassifier(device, { model, weights });
    try {
      return await accuracyOf(classifier, split, dataset, `${title}: ${what}`, surroundings);
    } finally {
      await classifier.release();
    }
  };
  const split = watch === "test" ? dataset.test : validation;
  const observed =
    watch === "none"
      ? { stepper, feeds }
      : watched(stepper, feeds, {
          file: `${folder}/${index}-${model.name}.watch.json`,
          key,
          split: watch,
          images: split.length,
          stepsPerEpoch,
          look: ({ parameters, statistics }, epoch) =>
            measure({ parameters, statistics }, split, `${watch} after ${plural(epoch, "epoch")}`),
        });
  const { state, history } = await runLoop(
    {
      title,
      ...observed,
      types: trainStateTypes(model, optimiser, options),
      steps,
      start: () => {
        const fresh = freshWeights(model, stream(recipe.seed, "teacher", index, "weights"), images);
        return startTraining(model, optimiser, fresh, options);
      },
      checkpoint,
      advice: `lower teacher.learningRate (it is ${settings.learningRate}; --teacher-learning-rate) and run again, into another --out`,
    },
    surroundings,
  );
  await stepper.release();
  const weights: Weights = { parameters: state.parameters, statistics: state.statistics };
  const classifier = await openClassifier(device, { model, weights });
  const measured = {
    validationAccuracy: await accuracyOf(classifier, validation, dataset, `${title}: validation`, surroundings),
    accuracy: await accuracyOf(classifier, dataset.test, dataset, `${title}: test`, surroundings),
    ...(settings.views && {
      accuracyViews: await accuracyOf(
        sixViews(classifier, task),
        dataset.test,
        dataset,
        `${title}: test, six views`,
        surroundings,
      ),
    }),
  };
  await classifier.release();
  const card: Card = {
    key,
    architecture: model.name,
    classes: dataset.classes,
    image: task.image,
    normalisation: dataset.normalisation,
    ...measured,
    epochs: settings.epochs,
    history,
  };
  const bytes = encodeStored({ tensors: named(flatWeights(weights)), metadata: { teacher: JSON.stringify(card) } });
  await writeAtomic(file, bytes);
  await forget(checkpoint);
  const views = measured.accuracyViews === undefined ? "" : `, ${measured.accuracyViews.toFixed(1)} % with six views`;
  surroundings.progress.note(
    `${title}: ${measured.accuracy.toFixed(1)} % of the test images${views} after ${plural(settings.epochs, "epoch")} (${basename(file)})`,
  );
  return { ...card, model, weights, file, sha256: sha256(bytes), bytes: bytes.length };
};
