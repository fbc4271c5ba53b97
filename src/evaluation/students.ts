import { z } from "zod";
import { tensor } from "../autodiff/index.ts";
import { freshWeights, type Weights } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { adamw, hyperTensors, zerosLike } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { noteDamage, readSealed, writeSealed } from "../support/json-files.ts";
import { keyOf } from "../support/key.ts";
import type { Progress } from "../support/progress.ts";
import { stream } from "../support/random.ts";
import { drawMix, mixRows } from "../tasks/mixup.ts";
import type { Stage } from "../teachers/stage.ts";
import { batchIndices, cropLabelled } from "../training/batches.ts";
import { type Job, machineOf, runJobs } from "../training/jobs.ts";
import { forget, type History, historySchema, runLoop } from "../training/loop.ts";
import { estimateBytes } from "../training/memory.ts";
import { measure, traceClassifier, withClassifier } from "../training/predict.ts";
import { imagesToFit, type Readable } from "../training/readable.ts";
import { type Frozen, type Objective, traceTrainStep, trainStateTypes } from "../training/train-step.ts";

export type LabelKind = Recipe["labels"][number];

/** Images that a student learns from. */
export interface Source extends Readable {
  /** Class of every image. */
  readonly classes: Int32Array;
  /** Stored logits of some rows, [n, C], for static labels. */
  readonly logits?: (rows: Int32Array) => Float32Array;
}

/** Rows of [n, ...] in the order of `indices`. */
export const gatherRows = (rows: Float32Array, n: number, indices: Int32Array): Float32Array => {
  const size = rows.length / n;
  const out = new Float32Array(indices.length * size);
  indices.forEach((row, i) => {
    out.set(rows.subarray(row * size, (row + 1) * size), i * size);
  });
  return out;
};

/** One kind of student training; each seed of it is one run. */
export interface Lesson {
  /** Names the files and the curves: "infer static". */
  readonly name: string;
  readonly architecture: string;
  readonly labels: LabelKind;
  readonly source: Source;
  readonly steps: number;
  readonly batch: number;
  readonly mixup: number;
  /** Digest of everything that `source` is made from. */
  readonly sourceKey: string;
}

const resultSchema = z.strictObject({ key: z.string(), accuracy: z.number().min(0).max(100), history: historySchema });

export interface StudentResult {
  readonly key: string;
  /** What the task measures on the test images after the last step, in its unit. */
  readonly accuracy: number;
  readonly history: History;
}

/** Test images at a time: a classifier must not take much memory beside the step that it follows. */
const testBatch = 50;

const objectiveOf = (labels: LabelKind, temperature: number, teachers: readonly Frozen[]): Objective => {
  if (labels === "hard") return { kind: "hard" };
  return labels === "static" ? { kind: "soft", temperature } : { kind: "dynamic", temperature, teachers };
};

const readResult = async (file: string, key: string, progress: Progress): Promise<StudentResult | undefined> => {
  const result = await readSealed(file, resultSchema, noteDamage(progress));
  return result?.key === key ? result : undefined;
};

/**
 * Trains students of one architecture, `seeds` for each lesson, several at a time, and returns their results lesson by
 * lesson. Students that were finished before are kept.
 */
export const teachStudents = async (lessons: readonly Lesson[], stage: Stage): Promise<StudentResult[][]> => {
  const { recipe, data, teachers, device, folder, progress } = stage;
  const { task } = data;
  const { height, width } = task.image;
  const { crop, ...settings } = recipe.student;
  const optimiser = adamw({ weightDecay: settings.weightDecay });

  const stepOf = ({ architecture, labels, batch }: Lesson) =>
    traceTrainStep(
      buildModel(architecture, task),
      optimiser,
      objectiveOf(labels, settings.temperature, teachers),
      batch,
    );

  /** Crop and flip, then mixup of images and targets alike; targets are made of labels, stored outputs or the teachers'. */
  const feedsOf = ({ source, batch, labels: kind, steps, mixup }: Lesson, seed: number) => {
    const labelled = { images: source.images, labels: source.classes, crop, pad: Math.round(height / 8) };
    const order = batchIndices(source.length, batch, recipe.seed, `student ${seed}`);
    const learningRate = cosine(settings.learningRate, steps);
    return async (step: number) => {
      const random = stream(recipe.seed, "student", seed, "step", step);
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

  const jobOf = (lesson: Lesson, seed: number): Job<StudentResult> => {
    const model = buildModel(lesson.architecture, task);
    const { name, labels, steps, batch, mixup, sourceKey } = lesson;
    const file = `${folder}/${name.replaceAll(" ", "-")}-${model.name}-${seed}`;
    const key = keyOf({
      sourceKey,
      labels,
      steps,
      batch,
      mixup,
      settings,
      ...(crop !== "shift" && { crop }),
      architecture: model.name,
      seed: recipe.seed,
      student: seed,
      device: device.name,
    });
    const title = `student ${model.name} on ${name}, seed ${seed}`;
    const checkpoint = { file: `${file}.partial`, key };
    return {
      cost: steps * batch,
      finished: async () => {
        const result = await readResult(`${file}.json`, key, progress);
        // A process that was killed right after it wrote the result left its checkpoint.
        if (result !== undefined) await forget(checkpoint);
        return result;
      },
      work: async (lane, around) => {
        const types = trainStateTypes(model, optimiser);
        const images = await imagesToFit(model, lesson.source, stream(recipe.seed, "student", seed, "fit"));
        const { state, history } = await runLoop(
          {
            title,
            stepper: await lane.stepper(JSON.stringify([model.name, labels, batch]), () => stepOf(lesson)),
            types,
            steps,
            start: () => ({
              ...freshWeights(model, stream(recipe.seed, "student", seed, "weights"), images),
              slots: zerosLike(types.slots),
            }),
            feeds: feedsOf(lesson, seed),
            checkpoint,
            advice: `lower student.learningRate (it is ${settings.learningRate}; --student-learning-rate) and run again, into another --out`,
          },
          around,
        );
        const accuracy = await withClassifier(
          lane.device,
          { model, weights: state },
          (classifier) => measure(classifier, data.dataset.test, data, `${title}: test`, around),
          testBatch,
        );
        const result = { key, accuracy, history };
        await writeSealed(`${file}.json`, result);
        await forget(checkpoint);
        around.progress.note(`${title}: ${accuracy.toFixed(1)} ${task.metric.unit}`);
        return result;
      },
    };
  };

  /** A student's step, and the classifier that its training ends with. */
  const bytesOf = (lesson: Lesson): number => {
    const model = buildModel(lesson.architecture, task);
    const { parameters, statistics } = trainStateTypes(model, optimiser);
    // Any weights will do.
    const weights = zerosLike({ parameters, statistics }) as unknown as Weights;
    return estimateBytes(stepOf(lesson).graph) + estimateBytes(traceClassifier({ model, weights }, testBatch).graph);
  };
  const jobs = lessons.flatMap((lesson) => Array.from({ length: recipe.seeds }, (_, seed) => jobOf(lesson, seed)));
  const results = await runJobs(machineOf(device), jobs, () => Math.max(...lessons.map(bytesOf)), stage);
  return lessons.map((_, i) => results.slice(i * recipe.seeds, (i + 1) * recipe.seeds));
};
