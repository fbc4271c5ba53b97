// Training a teacher.
import { basename } from "node:path";
import { tensor } from "../autodiff/index.ts";
import { freshWeights, identityOf } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { slowHyper } from "../nn/lookahead.ts";
import { muon } from "../nn/muon.ts";
import { adamw, hyperTensors, type Optimiser, sgd } from "../nn/optimisers.ts";
import { cosine, oneCycle, triangle } from "../nn/schedules.ts";
import { imageSource, type Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Work } from "../recipe/work.ts";
import { plural } from "../support/format.ts";
import { keyOf } from "../support/key.ts";
import { stream } from "../support/random.ts";
import { numbered } from "../support/work/progress.ts";
import { alternatingFlips, batchIndices, cropLabelled } from "../training/batches.ts";
import { unlessDamaged } from "../training/checkpoint.ts";
import { imagesToFit } from "../training/image-source.ts";
import { checkpointOf, fileOf, type JobKind, type KeptJob, type Maker, runKept, type Store } from "../training/kept.ts";
import { runLoop } from "../training/loop.ts";
import { measure, withClassifier } from "../training/predict.ts";
import { startTraining, traceTrainStep, trainStateTypes } from "../training/train-step.ts";
import { watched, watchFile } from "../training/watch.ts";
import { measureTeacher } from "./measure-teacher.ts";
import { readTeacher, type Teacher, type Trained, writeTeacher } from "./teacher.ts";

type Settings = Omit<Recipe["teacher"], "watch" | "crop">;

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
  const { crop, flip, shift, fill, labelSmoothing } = recipe.teacher;
  const { height, width } = task.image;
  const name = `teacher ${index}`;
  const source = {
    images: imageSource(data).images,
    labels: train.labels,
    crop,
    pad: Math.round(height * shift),
    fill,
  };
  const order = batchIndices(train.length, batch, recipe.seed, name);
  const flips = flip === "alternating" ? alternatingFlips(train.length, batch, recipe.seed, name) : undefined;
  return async (step: number) => {
    const indices = order(step);
    const random = stream(recipe.seed, "teacher", index, "step", step);
    const labelled = { ...source, ...(flips && { mirrored: flips(step, indices) }) };
    const { images, labels } = await cropLabelled(task, labelled, indices, random);
    return {
      images: tensor(images, [batch, 3, height, width]),
      targets: task.targets(labels, labelSmoothing),
    };
  };
};

type Untold = Pick<Teacher, "model" | "weights"> & Trained;

/** Teachers' own files, each with a line that says how good it is. */
const storeFor = ({ data, progress: { note } }: Work): Store<Untold, Teacher> => ({
  ending: ".safetensors",
  read: (file, key, progress) => unlessDamaged(file, progress, () => readTeacher(file, data, key)),
  write: async (file, key, { model, weights, ...trained }) => {
    const teacher = await writeTeacher(file, key, data, { model, weights }, trained);
    const shown = (value: number): string => `${value.toFixed(1)} ${data.task.metric.unit}`;
    const { accuracy, accuracyViews, epochs = 0 } = trained;
    const views = accuracyViews === undefined ? "" : `, ${shown(accuracyViews)} with six views`;
    const after = plural(epochs, "epoch");
    note(`teacher ${model.name}: ${shown(accuracy)} of the test images${views} after ${after} (${basename(file)})`);
    return teacher;
  },
});

const jobName = (index: number, architecture: string): string => `${index}-${architecture}`;

/** The file of teacher number `index` in the teachers' folder, once it is trained. */
export const teacherFile = (folder: string, index: number, architecture: string): string =>
  fileOf(folder, { name: jobName(index, architecture) });

/** Teacher number `index` of a recipe as a job. */
const teacherJob = ({ recipe, data, device }: Work, index: number): KeptJob => {
  const model = buildModel(recipe.teachers[index]!, data.task);
  const { watch: _, crop, ...settings } = recipe.teacher;
  return {
    kind: "teacher",
    name: jobName(index, model.name),
    spec: index,
    key: keyOf({
      data: data.fingerprint,
      validation: recipe.validation,
      architecture: identityOf(model),
      settings,
      seed: recipe.seed,
      index,
      device: device.name,
      ...(crop !== "shift" && { crop }),
    }),
    like: `teacher ${model.name}`,
    cost: settings.epochs,
  };
};

/** Trains teachers and measures them. */
const makerFor =
  (work: Work): Maker<Untold> =>
  async (job, { device }, around) => {
    const { recipe, data } = work;
    const index = Number(job.spec);
    const model = buildModel(recipe.teachers[index]!, data.task);
    const { watch, crop: _, ...settings } = recipe.teacher;
    const { dataset, train, validation } = data;
    const file = fileOf(work.folder, job);
    const title = `teacher ${model.name}`;
    const optimiser = optimiserOf(settings);
    const batch = Math.min(settings.batch, train.length);
    const stepsPerEpoch = Math.ceil(train.length / batch);
    const steps = settings.epochs * stepsPerEpoch;
    const learningRate = schedules[settings.schedule](settings.learningRate, steps);
    const { biasRate, lookahead } = settings;
    const options = { biasRate, lookahead };
    const images = await imagesToFit(model, imageSource(data), stream(recipe.seed, "teacher", index, "fit"));
    const batches = batchesOf(recipe, index, data, batch);
    const feeds = async (step: number) => ({
      ...(await batches(step)),
      hyper: hyperTensors({
        ...optimiser.hyper(step, learningRate(step)),
        ...(lookahead && slowHyper(step, steps)),
      }),
    });
    const split = watch === "test" ? dataset.test : validation;
    const watcher =
      watch !== "none" &&
      watched<ReturnType<typeof trainStateTypes>>({
        file: watchFile(file),
        key: job.key,
        split: watch,
        images: split.length,
        stepsPerEpoch,
        look: ({ parameters, statistics }, epoch) =>
          withClassifier(device, { model, weights: { parameters, statistics } }, (classifier) =>
            measure(classifier, split, data, `${title}: ${watch} after ${plural(epoch, "epoch")}`, around),
          ),
      });
    const stepper = await device.compileStep(traceTrainStep(model, optimiser, { kind: "hard" }, batch, options));
    const { state, history } = await runLoop(
      {
        title,
        stepper,
        feeds,
        ...(watcher && { watch: watcher }),
        types: trainStateTypes(model, optimiser, options),
        steps,
        start: () => {
          const fresh = freshWeights(model, stream(recipe.seed, "teacher", index, "weights"), images);
          return startTraining(model, optimiser, fresh, options);
        },
        checkpoint: checkpointOf(work.folder, job),
        advice: `lower teacher.learningRate (it is ${settings.learningRate}; --teacher-learning-rate) and run again, into another --out`,
      },
      around,
    ).finally(stepper.release);
    const trained = { model, weights: { parameters: state.parameters, statistics: state.statistics } };
    const measured = await measureTeacher({ ...work, ...around, device }, trained);
    return { ...trained, ...measured, epochs: settings.epochs, history };
  };

/** The kind of jobs that train a teacher. */
const teaching = (work: Work): JobKind<Work, Untold, Teacher> => ({
  kind: "teacher",
  store: storeFor(work),
  files: (job) => ({ beside: [watchFile(fileOf("", job)).slice(1)] }),
  open: async (at) => makerFor(at),
});

/** Trains teacher number `index` of a recipe into `folder` with all cores, or reads it from there if it is finished. */
export const trainTeacher = async (work: Work, index: number): Promise<Teacher> => {
  const place = { number: index + 1, of: work.recipe.teachers.length };
  const around = { ...work, progress: numbered(work.progress, "teacher", place) };
  const [teacher] = await runKept(undefined, teaching(around), [teacherJob(around, index)], () => 1, around);
  return teacher!;
};
