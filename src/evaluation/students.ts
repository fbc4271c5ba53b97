// Students: networks trained on a set, each measured after its last step and at marks on the way.
import { z } from "zod";
import { identityOf } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { zerosLike } from "../nn/optimisers.ts";
import {
  type LabelKind,
  type Source,
  type Student,
  studentStep,
  studentTypes,
  trainStudent,
} from "../students/train-student.ts";
import { plural } from "../support/format.ts";
import { noteDamage, readSealed, writeSealed } from "../support/json-files.ts";
import { keyOf } from "../support/key.ts";
import { silent } from "../support/work/progress.ts";
import type { Stage } from "../teachers/stage.ts";
import { checkpointOf, fileOf, type JobKind, type KeptJob, runKept, type Store } from "../training/kept.ts";
import { type History, historySchema } from "../training/loop.ts";
import { estimateBytes } from "../training/memory.ts";
import { scoreOn, traceClassifier, withClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";

import { marksOf } from "./marks.ts";
import { readTimes, timesName, writeTimes } from "./times.ts";

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
  /** Absent from results of earlier versions. */
  byClass: z.exactOptional(z.array(accuracySchema.nullable())),
  history: historySchema,
});

export interface StudentResult {
  readonly key: string;
  /** The task's measure of the test images after the last step, in its unit. */
  readonly accuracy: number;
  /** The same at each of `marksOf` its steps. */
  readonly marks: readonly number[];
  /** The measure after the last step of each class alone, null for one without test images; of tasks that have classes. */
  readonly byClass?: readonly (number | null)[];
  readonly history: History;
}

/** A result, and the seconds of its training where they are known. */
export interface TimedResult extends StudentResult {
  readonly seconds?: number;
}

/** Test images at a time: a classifier must not take much memory beside the step that it follows. */
const testBatch = 50;

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

/** A run's student of a seed. */
const studentOf = ({ recipe, data, teachers }: Stage, run: StudentRun, seed: number): Student => {
  const { name, architecture, labels, source, steps, batch, mixup } = run;
  const model = buildModel(architecture, data.task);
  return {
    ...recipe.student,
    title: `student ${model.name} on ${name}, seed ${seed}`,
    model,
    task: data.task,
    labels,
    source,
    steps,
    batch,
    mixup,
    teachers,
    seed: recipe.seed,
    number: seed,
  };
};

/** A stage, and the student runs of which each job names one. */
type StudentStage = Stage & { readonly runs: readonly StudentRun[] };

const specSchema = z.strictObject({ run: z.string(), seed: z.int() });

const fileName = ({ name, architecture }: StudentRun, { task }: Stage["data"], seed: number): string =>
  `${name.replaceAll(" ", "-")}-${buildModel(architecture, task).name}-${seed}`;

/** The kind of jobs that train a student and measure it. */
const studying: JobKind<StudentStage, Omit<StudentResult, "key">, StudentResult> = {
  kind: "student",
  store,
  files: (job) => ({ beside: [timesName(job)] }),
  open: async (stage) => async (job, worker, around) => {
    const { recipe, data, folder, runs } = stage;
    const { run: named, seed } = specSchema.parse(job.spec);
    const student = studentOf(stage, runs.find(({ name }) => name === named)!, seed);
    const { title, model, task, labels, batch, steps } = student;
    const test = (weights: Frozen["weights"], after: number) =>
      withClassifier(
        worker.device,
        { model, weights },
        (classifier) => {
          const bar = `${title}: test after ${plural(after, "step")}`;
          return scoreOn(classifier, data.dataset.test, data, bar, around);
        },
        testBatch,
      );
    const { state, history, looked, seconds } = await trainStudent(
      student,
      await worker.stepper(JSON.stringify([model.name, labels, batch]), () => studentStep(student)),
      {
        checkpoint: checkpointOf(folder, job),
        advice: `lower student.learningRate (it is ${recipe.student.learningRate}; --student-learning-rate) and run again, into another --out`,
        looks: { after: marksOf(steps).map((mark) => mark.steps), look: async (...at) => (await test(...at)).value },
      },
      around,
    );
    const { value: accuracy, byClass } = await test(state, steps);
    around.progress.note(`${title}: ${accuracy.toFixed(1)} ${task.metric.unit}`);
    await writeTimes(folder, job, seconds);
    const known = byClass?.map((value) => (Number.isNaN(value) ? null : value));
    return { accuracy, marks: looked, ...(known && { byClass: known }), history };
  },
};

/** A student's step, and the classifier that its training ends with. */
const bytesOf = (stage: Stage, run: StudentRun): number => {
  const student = studentOf(stage, run, 0);
  const { parameters, statistics } = studentTypes(student);
  // Any weights will do.
  const frozen = { model: student.model, weights: zerosLike({ parameters, statistics }) };
  return estimateBytes(studentStep(student).graph) + estimateBytes(traceClassifier(frozen, testBatch).graph);
};

/** The jobs of some runs, `seeds` for each, run by run. */
const jobsOf = (runs: readonly StudentRun[], { recipe, data, device }: Stage): KeptJob[] => {
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
        architecture: identityOf(buildModel(architecture, data.task)),
        seed: recipe.seed,
        student: seed,
        device: device.name,
      }),
      like: `student ${buildModel(architecture, data.task).name}, ${labels} labels`,
      cost: steps * batch,
    };
  };
  return runs.flatMap((run) => Array.from({ length: recipe.seeds }, (_, seed) => jobOf(run, seed)));
};

/** Counts the students of some runs, and those of them that an earlier command finished. */
export const countStudents = async (
  runs: readonly StudentRun[],
  stage: Stage,
): Promise<{ readonly finished: number; readonly all: number }> => {
  const jobs = jobsOf(runs, stage);
  const found = await Promise.all(jobs.map((job) => store.read(fileOf(stage.folder, job, store), job.key, silent)));
  return { finished: found.filter((result) => result !== undefined).length, all: jobs.length };
};

/**
 * Trains students of one architecture, `seeds` for each run, several at a time, and returns their results run by
 * run. Students that were finished before are kept.
 */
export const teachStudents = async (runs: readonly StudentRun[], stage: Stage): Promise<TimedResult[][]> => {
  const { recipe } = stage;
  const jobs = jobsOf(runs, stage);
  const bytes = (): number => Math.max(...runs.map((run) => bytesOf(stage, run)));
  const taught = await runKept(undefined, studying, jobs, bytes, { ...stage, runs });
  const results = await Promise.all(
    taught.map(async (result, i): Promise<TimedResult> => {
      const seconds = await readTimes(stage.folder, jobs[i]!);
      return { ...result, ...(seconds !== undefined && { seconds }) };
    }),
  );
  return runs.map((_, i) => results.slice(i * recipe.seeds, (i + 1) * recipe.seeds));
};
