// Training a student on a set in memory: the same student that the command line trains first with this seed.
import { z } from "zod";
import { tensor } from "../autodiff/index.ts";
import { freshWeights, type Model } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { adamw, hyperTensors, zerosLike } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import { defaultsFor } from "../pipeline/recipe/defaults.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type DeviceName, deviceNames, openDevice } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { stream } from "../support/random.ts";
import { expected, fieldsOf, firstProblem, numberIn, textOf, wholeIn, wordOf } from "../support/schema.ts";
import { classification } from "../tasks/classification.ts";
import { drawMix, mixRows } from "../tasks/mixup.ts";
import type { Task } from "../tasks/task.ts";
import { batchIndices, cropLabelled } from "../training/batches.ts";
import { type ImageSource, imagesToFit } from "../training/image-source.ts";
import { runLoop } from "../training/loop.ts";
import { traceTrainStep, trainStateTypes } from "../training/train-step.ts";
import { type Student, studentOf } from "./student.ts";
import type { TrainingSet } from "./training-set.ts";
import { contextOf, type WorkOptions } from "./work.ts";

/** A student's settings; those left out are as of the command line on this set's data. */
export interface StudentOptions extends WorkOptions, Partial<Recipe["student"]> {
  /** Its architecture, e.g. "convnet64x2" or "resnet18". */
  readonly student?: string;
  /** What it learns from: static labels are the stored logits, taken by default where there are such. */
  readonly labels?: "static" | "hard";
  readonly seed?: number;
  readonly device?: DeviceName;
}

const positive = z.number(expected("a number above 0")).positive(expected("a number above 0"));

const settingsSchema = fieldsOf({
  student: textOf(1, 100),
  labels: wordOf(["static", "hard"]),
  seed: wholeIn(0, Number.MAX_SAFE_INTEGER),
  device: wordOf(deviceNames),
  epochs: wholeIn(1, 1e9),
  batch: wholeIn(1, 1e6),
  learningRate: positive,
  weightDecay: numberIn(0, 1e6),
  temperature: positive,
  crop: wordOf(["shift", "resize"]),
  mixup: numberIn(0, 1e6),
});
type Settings = z.infer<typeof settingsSchema>;

/** All settings, checked. @throws USAGE, naming the first wrong one. */
const settle = (set: TrainingSet, { onProgress: _, signal: __, ...given }: StudentOptions): Settings => {
  const usual = defaultsFor(set.manifest.data);
  const result = settingsSchema.safeParse({
    student: usual.students[0],
    labels: set.hasLogits ? "static" : "hard",
    seed: usual.seed,
    device: usual.device,
    ...usual.student,
    ...given,
  });
  if (!result.success) throw new DistilleryError("USAGE", `trainStudent: ${firstProblem(result.error)}`);
  if (result.data.labels === "static" && !set.hasLogits) {
    throw new DistilleryError("SET", 'trainStudent: the set stores no logits; use labels: "hard"');
  }
  return result.data;
};

/** Crop and flip, then mixup of images and targets alike. */
const feedsOf = (set: TrainingSet, source: ImageSource, task: Task, settings: Settings, steps: number) => {
  const { seed, labels: kind, crop, mixup, batch, learningRate, weightDecay } = settings;
  const { height, width } = task.image;
  const labelled = { images: source.images, labels: set.labels, crop, pad: Math.round(height / 8) };
  const order = batchIndices(set.length, batch, seed, "student 0");
  const rate = cosine(learningRate, steps);
  const optimiser = adamw({ weightDecay });
  return async (step: number) => {
    const random = stream(seed, "student", 0, "step", step);
    const rows = order(step);
    const { images, labels } = await cropLabelled(task, labelled, rows, random);
    const mix = drawMix(batch, random, mixup);
    const targets =
      kind === "hard" ? task.targets(labels) : { targets: tensor(set.logits(rows), [batch, task.outputs]) };
    return {
      images: tensor(mixRows(images, mix), [batch, 3, height, width]),
      targets: task.mix(targets, mix),
      hyper: hyperTensors(optimiser.hyper(step, rate(step))),
    };
  };
};

/** Trains a network on a set alone. Its device stays open for the student, until that is closed. */
export const trainStudent = async (set: TrainingSet, options: StudentOptions = {}): Promise<Student> => {
  const given = settle(set, options);
  const { classes, image, budget } = set.manifest;
  const settings = { ...given, batch: Math.min(given.batch, budget.ipc * classes.length) };
  const { seed, batch, temperature, weightDecay } = settings;
  const task = classification(classes.length, image);
  const model: Model = buildModel(settings.student, task);
  const optimiser = adamw({ weightDecay });
  const types = trainStateTypes(model, optimiser);
  const steps = settings.epochs * Math.ceil(set.length / batch);
  const source: ImageSource = { length: set.length, images: (rows) => set.images(rows) };
  const images = await imagesToFit(model, source, stream(seed, "student", 0, "fit"));
  const device = await openDevice(settings.device);
  try {
    const objective = settings.labels === "hard" ? { kind: "hard" as const } : { kind: "soft" as const, temperature };
    const stepper = await device.compileStep(traceTrainStep(model, optimiser, objective, batch));
    const { state, history } = await runLoop(
      {
        title: `student ${model.name}`,
        stepper,
        types,
        steps,
        start: () => ({
          ...freshWeights(model, stream(seed, "student", 0, "weights"), images),
          slots: zerosLike(types.slots),
        }),
        feeds: feedsOf(set, source, task, settings, steps),
        advice: `lower learningRate (it is ${settings.learningRate})`,
      },
      contextOf(options),
    );
    await stepper.release();
    const { parameters, statistics } = state;
    return studentOf(device, { model, weights: { parameters, statistics } }, set.manifest, history);
  } catch (error) {
    await device.close();
    throw error;
  }
};
