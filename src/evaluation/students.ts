// Students: networks trained on a set, each measured after its last step and at marks on the way.
import { z } from "zod";
import { tensor } from "../autodiff/index.ts";
import { freshWeights } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { adamw, hyperTensors, zerosLike } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { plural } from "../support/format.ts";
import { noteDamage, readSealed, writeSealed } from "../support/json-files.ts";
import { keyOf } from "../support/key.ts";
import { stream } from "../support/random.ts";
import { drawMix, mixRows } from "../tasks/mixup.ts";
import type { Stage } from "../teachers/stage.ts";
import { batchIndices, cropLabelled } from "../training/batches.ts";
import { type ImageSource, imagesToFit } from "../training/image-source.ts";
import { checkpointOf, type JobKind, type KeptJob, runKept, type Store } from "../training/kept.ts";
import { type History, historySchema, runLoop } from "../training/loop.ts";
import { estimateBytes } from "../training/memory.ts";
import { measure, traceClassifier, withClassifier } from "../training/predict.ts";
import { type Frozen, type Objective, traceTrainStep, trainStateTypes } from "../training/train-step.ts";

import { marksOf } from "./marks.ts";

export type LabelKind = Recipe["labels"][number];

/** Images that a student learns from. */
export interface Source extends ImageSource {
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

/** The training of students on one training set with one kind of labels, once for each seed. */
export interface StudentRun {
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

const accuracySchema = z.number().min(0).max(100);
const resultSchema = z.strictObject({
  key: z.string(),
  accuracy: accuracySchema,
  marks: z.array(accuracySchema),
  history: historySchema,
});

export interface StudentResult {
  readonly key: string;
  /** The task's measure of the test images after the last step, in its unit. */
  readonly accuracy: number;
  /** The same at each of `marksOf` its steps. */
  readonly marks: readonly number[];
  readonly history: History;
}

/** Test images at a time: a classifier must not take much memory beside the step that it follows. */
const testBatch = 50;

const objectiveOf = (labels: LabelKind, temperature: number, teachers: readonly Frozen[]): Objective => {
  if (labels === "hard") return { kind: "hard" };
  return labels === "static" ? { kind: "soft", temperature } : { kind: "dynamic", temperature, teachers };
};

/** Students' results, in files that people can read too. */
const store: Store<Omit<StudentResult, "key">, StudentResult> = {
  ending: ".json",
  read: async (file, key, progress) => {
    const result = await readSealed(file, resultSchema, noteDamage(progress));
    return result?.key === key ? result : undefined;
  },
  write: async (file, key, made) => {
    const result = { key, ...made };
    await writeSealed(file, result);
    return result;
  },
};

/** The optimiser, the schedule and the largest shift of a student's images: describe-training.ts puts them into words. */
export const optimiserOf = ({ recipe }: Pick<Stage, "recipe">) => adamw({ weightDecay: recipe.student.weightDecay });
export const scheduleOf = ({ student }: Recipe, steps: number) => cosine(student.learningRate, steps);
export const padOf = (image: { readonly height: number }): number => Math.round(image.height / 8);

const stepOf = (stage: Stage, { architecture, labels, batch }: StudentRun) =>
  traceTrainStep(
    buildModel(architecture, stage.data.task),
    optimiserOf(stage),
    objectiveOf(labels, stage.recipe.student.temperature, stage.teachers),
    batch,
  );

/** Crop and flip, then mixup of images and targets alike; targets are made of labels, stored outputs or the teachers'. */
const feedsOf = (stage: Stage, { source, batch, labels: kind, steps, mixup }: StudentRun, seed: number) => {
  const { recipe, data } = stage;
  const { task } = data;
  const { height, width } = task.image;
  const optimiser = optimiserOf(stage);
  const pad = padOf(task.image);
  const labelled = { images: source.images, labels: source.classes, crop: recipe.student.crop, pad };
  const order = batchIndices(source.length, batch, recipe.seed, `student ${seed}`);
  const learningRate = scheduleOf(recipe, steps);
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

/** A stage, and the student runs of which each job names one. */
type Class = Stage & { readonly runs: readonly StudentRun[] };

const specSchema = z.strictObject({ run: z.string(), seed: z.int() });

const fileName = ({ name, architecture }: StudentRun, { task }: Stage["data"], seed: number): string =>
  `${name.replaceAll(" ", "-")}-${buildModel(architecture, task).name}-${seed}`;

/** The kind of jobs that train a student and measure it. */
export const studying: JobKind<Class, Omit<StudentResult, "key">, StudentResult> = {
  kind: "student",
  store,
  open: async (stage) => async (job, worker, around) => {
    const { recipe, data, folder, runs } = stage;
    const { task } = data;
    const { run: named, seed } = specSchema.parse(job.spec);
    const run = runs.find(({ name }) => name === named)!;
    const { name, labels, batch, steps, source } = run;
    const model = buildModel(run.architecture, task);
    const title = `student ${model.name} on ${name}, seed ${seed}`;
    const types = trainStateTypes(model, optimiserOf(stage));
    const images = await imagesToFit(model, source, stream(recipe.seed, "student", seed, "fit"));
    const test = (weights: Frozen["weights"], after: number): Promise<number> =>
      withClassifier(
        worker.device,
        { model, weights },
        (classifier) => {
          const bar = `${title}: test after ${plural(after, "step")}`;
          return measure(classifier, data.dataset.test, data, bar, around);
        },
        testBatch,
      );
    const { state, history, looked } = await runLoop(
      {
        title,
        stepper: await worker.stepper(JSON.stringify([model.name, labels, batch]), () => stepOf(stage, run)),
        types,
        steps,
        start: () => ({
          ...freshWeights(model, stream(recipe.seed, "student", seed, "weights"), images),
          slots: zerosLike(types.slots),
        }),
        feeds: feedsOf(stage, run, seed),
        checkpoint: checkpointOf(folder, job),
        advice: `lower student.learningRate (it is ${recipe.student.learningRate}; --student-learning-rate) and run again, into another --out`,
        looks: { after: marksOf(steps).map((mark) => mark.steps), look: test },
      },
      around,
    );
    const accuracy = await test(state, steps);
    around.progress.note(`${title}: ${accuracy.toFixed(1)} ${task.metric.unit}`);
    return { accuracy, marks: looked, history };
  },
};

/** A student's step, and the classifier that its training ends with. */
const bytesOf = (stage: Stage, run: StudentRun): number => {
  const model = buildModel(run.architecture, stage.data.task);
  const { parameters, statistics } = trainStateTypes(model, optimiserOf(stage));
  // Any weights will do.
  const weights = zerosLike({ parameters, statistics });
  return estimateBytes(stepOf(stage, run).graph) + estimateBytes(traceClassifier({ model, weights }, testBatch).graph);
};

/**
 * Trains students of one architecture, `seeds` for each run, several at a time, and returns their results run by
 * run. Students that were finished before are kept.
 */
export const teachStudents = async (runs: readonly StudentRun[], stage: Stage): Promise<StudentResult[][]> => {
  const { recipe, data, device } = stage;
  const { crop, ...settings } = recipe.student;
  const jobOf = (run: StudentRun, seed: number): KeptJob => {
    const { name, architecture, labels, steps, batch, mixup, sourceKey } = run;
    return {
      kind: studying.kind,
      name: fileName(run, data, seed),
      spec: { run: name, seed },
      key: keyOf({
        sourceKey,
        labels,
        steps,
        marks: marksOf(steps),
        batch,
        mixup,
        settings,
        crop,
        architecture: buildModel(architecture, data.task).name,
        seed: recipe.seed,
        student: seed,
        device: device.name,
      }),
      cost: steps * batch,
    };
  };
  const jobs = runs.flatMap((run) => Array.from({ length: recipe.seeds }, (_, seed) => jobOf(run, seed)));
  const bytes = (): number => Math.max(...runs.map((run) => bytesOf(stage, run)));
  const results = await runKept(undefined, studying, jobs, bytes, { ...stage, runs });
  return runs.map((_, i) => results.slice(i * recipe.seeds, (i + 1) * recipe.seeds));
};
