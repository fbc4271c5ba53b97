// Training of one student, whatever it learns from.
import { tensor } from "../autodiff/index.ts";
import { freshWeights, type Model } from "../models/model.ts";
import { adamw, hyperTensors, zerosLike } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Stepper } from "../runtime/index.ts";
import { stream } from "../support/random.ts";
import type { Context } from "../support/work/context.ts";
import { drawMix, mixRows } from "../tasks/mixup.ts";
import type { Task } from "../tasks/task.ts";
import { batchIndices, cropLabelled } from "../training/batches.ts";
import { type ImageSource, imagesToFit } from "../training/image-source.ts";
import { type Loop, runLoop } from "../training/loop.ts";
import {
  type Frozen,
  type Objective,
  type TrainFeeds,
  type TrainFetches,
  type TrainState,
  traceTrainStep,
  trainStateTypes,
} from "../training/train-step.ts";

export type LabelKind = Recipe["labels"][number];

/** Images that a student learns from. */
export interface Source extends ImageSource {
  /** Class of every image. */
  readonly classes: Int32Array;
  /** Stored logits of some rows, [n, C], for static labels. */
  readonly logits?: (rows: Int32Array) => Float32Array;
}

/** A student and the way it learns: by AdamW, down a cosine, from cropped, mirrored and mixed images. */
export interface Student extends Omit<Recipe["student"], "epochs"> {
  /** Names its bar and begins its errors. */
  readonly title: string;
  readonly model: Model;
  readonly task: Task;
  readonly labels: LabelKind;
  readonly source: Source;
  readonly steps: number;
  /** Networks that dynamic labels ask at every step. */
  readonly teachers: readonly Frozen[];
  /** Seed of everything. */
  readonly seed: number;
  /** Number among the students of that seed, which differ in weights and batches. */
  readonly number: number;
}

const objectiveOf = ({ labels, temperature, teachers }: Student): Objective => {
  if (labels === "hard") return { kind: "hard" };
  return labels === "static" ? { kind: "soft", temperature } : { kind: "dynamic", temperature, teachers };
};

type Settings = Recipe["student"];

/** The optimiser, the schedule and the largest shift of a student's images, in pixels. */
export const optimiserOf = ({ weightDecay }: Pick<Settings, "weightDecay">) => adamw({ weightDecay });
export const scheduleOf = ({ learningRate }: Pick<Settings, "learningRate">, steps: number) =>
  cosine(learningRate, steps);
export const padOf = ({ height }: Pick<Task["image"], "height">): number => Math.round(height / 8);

export const studentTypes = (student: Student): TrainState => trainStateTypes(student.model, optimiserOf(student));

/** One step of a student's training; that of another number is the same. */
export const studentStep = (student: Student) =>
  traceTrainStep(student.model, optimiserOf(student), objectiveOf(student), student.batch);

/** Crop and flip, then mixup of images and targets alike; targets are made of labels, stored outputs or the teachers'. */
const feedsOf = (student: Student) => {
  const { task, source, batch, labels: kind, steps, mixup, seed, number } = student;
  const { height, width } = task.image;
  const optimiser = optimiserOf(student);
  const pad = padOf(task.image);
  const labelled = { images: source.images, labels: source.classes, crop: student.crop, pad };
  const order = batchIndices(source.length, batch, seed, `student ${number}`);
  const learningRate = scheduleOf(student, steps);
  return async (step: number) => {
    const random = stream(seed, "student", number, "step", step);
    const indices = order(step);
    const { images, labels } = await cropLabelled(task, labelled, indices, random);
    const mix = drawMix(batch, random, mixup);
    const targets = {
      hard: () => task.targets(labels),
      static: () => ({ targets: tensor(source.logits!(indices), [batch, task.outputs]) }),
      dynamic: () => ({}),
    }[kind]();
    return {
      images: tensor(mixRows(images, mix), [batch, 3, height, width]),
      targets: task.mix(targets, mix),
      hyper: hyperTensors(optimiser.hyper(step, learningRate(step))),
    };
  };
};

type StudentLoop = Loop<TrainState, TrainFeeds, TrainFetches>;

/** Trains a student by its compiled step to the end, from its checkpoint where there is one. @throws as `runLoop`. */
export const trainStudent = async (
  student: Student,
  stepper: Stepper<TrainState, TrainFeeds, TrainFetches>,
  around: Pick<StudentLoop, "checkpoint" | "advice" | "looks">,
  context: Context,
) => {
  const { title, model, source, steps, seed, number } = student;
  const types = studentTypes(student);
  const images = await imagesToFit(model, source, stream(seed, "student", number, "fit"));
  const loop: StudentLoop = {
    title,
    stepper,
    types,
    steps,
    start: () => ({
      ...freshWeights(model, stream(seed, "student", number, "weights"), images),
      slots: zerosLike(types.slots),
    }),
    feeds: feedsOf(student),
    ...around,
  };
  return await runLoop(loop, context);
};
