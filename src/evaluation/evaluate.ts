// The honest table: students on a set, on random images and on all the data.
import { splitOf } from "../data/dataset.ts";
import { baseline, findMethod } from "../distill/registry.ts";
import { drawImages, drawKey } from "../distill/select/draw.ts";
import { buildModel } from "../models/registry.ts";
import { imageSource } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type DistilledSet, openImages, trainingLabels } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { keyOf } from "../support/key.ts";
import { meanLogits } from "../teachers/label.ts";
import type { Stage } from "../teachers/stage.ts";
import { marksOf } from "./marks.ts";
import { type Accuracy, type AccuracyRow, allData, type Curve } from "./rows.ts";
import { gatherRows, type LabelKind, type Source, type StudentRun, teachStudents } from "./students.ts";

/** Images that students are trained on, with each kind of labels. */
export interface TrainingSet {
  readonly method: AccuracyRow["method"];
  /** Begins the names of files and curves. */
  readonly name: string;
  readonly source: Source;
  /** Digest of everything that `source` is made from. */
  readonly sourceKey: string;
  /** Images that an epoch counts: the same for all that are compared, whatever they have. */
  readonly epoch: number;
  /** M, which divides the epochs of dynamic labels. */
  readonly teachers: number;
  readonly batch: number;
}

/** Steps of a student; dynamic labels get 1/(M+1) of the epochs. */
export const stepsOf = (
  labels: LabelKind,
  { epoch, teachers }: Pick<TrainingSet, "epoch" | "teachers">,
  { epochs, batch }: Recipe["student"],
): number => {
  const perEpoch = Math.ceil(epoch / batch);
  return labels === "dynamic" ? Math.max(1, Math.floor(epochs / (teachers + 1))) * perEpoch : epochs * perEpoch;
};

/** Images of a step: no more than the storage of a set holds. */
export const batchOf = ({ student }: Recipe, ipc: number, classes: number): number =>
  Math.min(student.batch, ipc * classes);

/** Mean and sample standard deviation (0 for one value). */
export const summarise = (values: readonly number[]): Accuracy => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { values, mean, std: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
};

/** Digest of the data, where a source's key begins. */
const dataKey = ({ data, recipe }: Stage) => ({ data: data.fingerprint, validation: recipe.validation });

const setSource = async ({ device }: Stage, set: DistilledSet, kinds: readonly LabelKind[]): Promise<Source> => {
  const { length, classes, read } = await openImages(set, device);
  const source = { length, classes, images: (rows: Int32Array) => read(rows) };
  if (!kinds.includes("static")) return source;
  const labels = trainingLabels(set);
  if (labels === undefined) {
    throw new DistilleryError("SET", "the set stores no labels; leave static out of --labels, or make it with labels");
  }
  return { ...source, logits: labels.read };
};

/** A distilled set; an epoch is its own training images unless another's are named. */
export const distilledTrainingSet = async (
  stage: Stage,
  set: DistilledSet,
  name: string,
  epoch?: number,
): Promise<TrainingSet> => {
  const { method, budget, parts, classes, teachers } = set.manifest;
  const teacherHashes = teachers.map((t) => t.sha256);
  return {
    method,
    name,
    source: await setSource(stage, set, stage.recipe.labels),
    sourceKey: keyOf({ ...dataKey(stage), parts, teacherHashes }),
    epoch: epoch ?? budget.trainingImages,
    teachers: teachers.length,
    batch: batchOf(stage.recipe, budget.ipc, classes.length),
  };
};

/** As many random real images as a set's storage holds, labelled by the same teachers in the same way, for its steps. */
const randomTrainingSet = async (stage: Stage, set: DistilledSet, beside: TrainingSet): Promise<TrainingSet> => {
  const { recipe, data, teachers, device } = stage;
  const { ipc } = set.manifest.budget;
  const teacherHashes = set.manifest.teachers.map((t) => t.sha256);
  const picks = drawImages(data, ipc, recipe);
  const classes = picks.map((i) => data.train.labels[i]!);
  // At 8 bits, as the set's own images are.
  const drawn = splitOf(await data.train.read(picks), classes);
  const source = { ...imageSource({ ...data, train: drawn }), classes };
  const trainingSet = {
    ...beside,
    method: baseline.name,
    name: baseline.name,
    sourceKey: keyOf({ ...dataKey(stage), random: ipc, ...drawKey(recipe), teacherHashes }),
  };
  if (!recipe.labels.includes("static")) return { ...trainingSet, source };
  const logits = await meanLogits(device, teachers, source, "labels of random images", stage);
  return { ...trainingSet, source: { ...source, logits: (rows) => gatherRows(logits, source.length, rows) } };
};

type Taught = StudentRun & { readonly method: AccuracyRow["method"] };

const studentRunOf = ({ recipe }: Stage, trainingSet: TrainingSet, labels: LabelKind, architecture: string): Taught => {
  const { method, name, source, sourceKey, batch } = trainingSet;
  const steps = stepsOf(labels, trainingSet, recipe.student);
  const { mixup } = recipe.student;
  return { method, name: `${name} ${labels}`, architecture, labels, source, sourceKey, steps, batch, mixup };
};

/** Whether students on all the data belong to a recipe's rows. */
export const withAllData = ({ full }: Recipe): boolean => full.epochs > 0;

/** All the data with hard labels, without mixup: what is lost by everything else. */
const fullRun = (stage: Stage, architecture: string): Taught => {
  const { recipe, data } = stage;
  return {
    method: allData,
    name: `${allData} hard`,
    architecture,
    labels: "hard",
    source: { ...imageSource(data), classes: data.train.labels },
    sourceKey: keyOf(dataKey(stage)),
    steps: recipe.full.epochs * Math.ceil(data.train.length / recipe.full.batch),
    batch: Math.min(recipe.full.batch, data.train.length),
    mixup: 0,
  };
};

export interface Measured {
  readonly rows: AccuracyRow[];
  readonly curves: Curve[];
}

/** Students on each training set with every kind of labels of the recipe, and on all the data where that is asked for. */
export const teachRows = async (
  stage: Stage,
  trainingSets: readonly TrainingSet[],
  withFull: boolean,
): Promise<Measured> => {
  const { recipe, data } = stage;
  const rows: AccuracyRow[] = [];
  const curves: Curve[] = [];
  // One architecture after the other: how many students fit beside each other depends on it.
  for (const architecture of recipe.students) {
    const runs = [
      ...recipe.labels.flatMap((labels) =>
        trainingSets.map((trainingSet) => studentRunOf(stage, trainingSet, labels, architecture)),
      ),
      ...(withFull ? [fullRun(stage, architecture)] : []),
    ];
    const student = buildModel(architecture, data.task).name;
    const results = await teachStudents(runs, stage);
    for (const [i, { name, method, labels, source, steps }] of runs.entries()) {
      const taught = results[i]!;
      const accuracy = summarise(taught.map((result) => result.accuracy));
      const marks = marksOf(steps).map((mark, at) => ({
        ...mark,
        accuracy: summarise(taught.map((result) => result.marks[at]!)),
      }));
      rows.push({ method, labels, student, images: source.length, steps, accuracy, marks });
      for (const [seed, { history }] of taught.entries())
        curves.push({
          group: "student",
          of: { method, labels, student, seed },
          name: `${name} ${student} seed ${seed}`,
          ...history,
        });
    }
  }
  return { rows, curves };
};

/**
 * What files and lines call a set's students: its method. A name from elsewhere may hold anything, so only its letters and
 * digits are taken, behind a word that keeps it apart from names that mean something here.
 */
const nameFor = (method: string): string =>
  findMethod(method) === undefined
    ? `set ${method
        .replace(/[^\p{L}\p{N}]+/gu, " ")
        .trim()
        .slice(0, 40)}`
    : method;

/**
 * The honest table: students on a distilled set and, with identical labels, augmentation and
 * steps, on as many random images as its storage holds; and students on all the data with hard labels.
 */
export const evaluateSet = async (stage: Stage, set: DistilledSet): Promise<Measured> => {
  const { method } = set.manifest;
  const own = await distilledTrainingSet(stage, set, nameFor(method));
  const trainingSets = method === baseline.name ? [own] : [own, await randomTrainingSet(stage, set, own)];
  return teachRows(stage, trainingSets, withAllData(stage.recipe));
};
