// The honest table: students on a set, on random images and on all the data.
import { splitOf } from "../data/dataset.ts";
import { baseline, findMethod } from "../distill/registry.ts";
import { drawImages, drawKey } from "../distill/select/draw.ts";
import { buildModel } from "../models/registry.ts";
import { imageSource } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { DistilledSet } from "../sets/index.ts";
import { gathered } from "../sets/training-images.ts";
import { setBatch, setSource, stepsOf } from "../students/set-source.ts";
import type { LabelKind, Source } from "../students/train-student.ts";
import { plural } from "../support/format.ts";
import { keyOf } from "../support/key.ts";
import { eachOf } from "../support/work/executor.ts";
import { meanLogits } from "../teachers/label.ts";
import type { Stage } from "../teachers/stage.ts";
import { marksOf } from "./marks.ts";
import { meansOf } from "./means.ts";
import { type Accuracy, type AccuracyRow, allData, type Curve, type Report } from "./rows.ts";
import { countStudents, type StudentRun, teachStudents } from "./students.ts";

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
export const studentSteps = (
  labels: LabelKind,
  { epoch, teachers }: Pick<TrainingSet, "epoch" | "teachers">,
  { epochs, batch }: Recipe["student"],
): number =>
  stepsOf(epoch, { epochs: labels === "dynamic" ? Math.max(1, Math.floor(epochs / (teachers + 1))) : epochs, batch });

/** Mean and sample standard deviation (0 for one value). */
export const summarise = (values: readonly number[]): Accuracy => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { values, mean, std: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
};

/** Digest of the data, where a source's key begins. */
const dataKey = ({ data, recipe }: Stage) => ({ data: data.fingerprint, validation: recipe.validation });

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
    source: await setSource(stage.device, set, stage.recipe.labels),
    sourceKey: keyOf({ ...dataKey(stage), parts, teacherHashes }),
    epoch: epoch ?? budget.trainingImages,
    teachers: teachers.length,
    batch: setBatch(budget, classes.length, stage.recipe.student.batch),
  };
};

/** Kinds of labels that random images are given: static ones take teachers. */
const randomLabels = ({ recipe, teachers }: Stage): readonly LabelKind[] =>
  recipe.labels.filter((kind) => kind !== "static" || teachers.length > 0);

/** As many random real images as a set's storage holds, labelled by the same teachers in the same way, for its steps. */
const randomTrainingSet = async (stage: Stage, set: DistilledSet, beside: TrainingSet): Promise<TrainingSet> => {
  const { recipe, data } = stage;
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
  if (!randomLabels(stage).includes("static")) return { ...trainingSet, source };
  const logits = await meanLogits(stage, {
    name: "random-labels",
    title: "labels of random images",
    length: source.length,
    key: { ...dataKey(stage), random: ipc, ...drawKey(recipe) },
    open: async () => source,
  });
  return { ...trainingSet, source: { ...source, logits: (rows) => gathered(logits, data.task.outputs, rows) } };
};

type Taught = StudentRun & { readonly method: AccuracyRow["method"] };

const studentRunOf = ({ recipe }: Stage, trainingSet: TrainingSet, labels: LabelKind, architecture: string): Taught => {
  const { method, name, source, sourceKey, batch } = trainingSet;
  const steps = studentSteps(labels, trainingSet, recipe.student);
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
    steps: stepsOf(data.train.length, recipe.full),
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
  const runsOf = (architecture: string): Taught[] => [
    ...recipe.labels.flatMap((labels) =>
      // Images without stored logits have no static row.
      trainingSets
        .filter(({ source }) => labels !== "static" || source.logits !== undefined)
        .map((trainingSet) => studentRunOf(stage, trainingSet, labels, architecture)),
    ),
    ...(withFull ? [fullRun(stage, architecture)] : []),
  ];
  const { finished, all } = await countStudents(recipe.students.flatMap(runsOf), stage);
  if (finished > 0) {
    const [only, ...others] = [...trainingSets.map(({ name }) => name), ...(withFull ? [allData] : [])];
    const on = others.length > 0 ? "" : ` on ${only === allData ? "all the data" : only}`;
    stage.progress.note(`${finished} of ${plural(all, "student")}${on} ${finished === 1 ? "was" : "were"} there`);
  }
  // One architecture after the other: how many students fit beside each other depends on it.
  const measured = await eachOf(stage, recipe.students, async (architecture, a): Promise<Measured> => {
    const runs = runsOf(architecture);
    const student = buildModel(architecture, data.task).name;
    const own = runs.length * recipe.seeds;
    const { before, of } = stage.among ?? { before: 0, of: recipe.students.length * own };
    const results = await teachStudents(runs, { ...stage, among: { before: before + a * own, of } });
    return {
      rows: runs.map(({ method, labels, source, steps }, i) => {
        const taught = results[i]!;
        const accuracy = summarise(taught.map((result) => result.accuracy));
        const marks = marksOf(steps).map((mark, at) => ({
          ...mark,
          accuracy: summarise(taught.map((result) => result.marks[at]!)),
        }));
        return { method, labels, student, images: source.length, steps, accuracy, marks, ...meansOf(taught) };
      }),
      curves: runs.flatMap(({ name, method, labels }, i) =>
        results[i]!.map(
          ({ history }, seed): Curve => ({
            group: "student",
            of: { method, labels, student, seed },
            name: `${name} ${student} seed ${seed}`,
            ...history,
          }),
        ),
      ),
    };
  });
  return { rows: measured.flatMap(({ rows }) => rows), curves: measured.flatMap(({ curves }) => curves) };
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

const withoutRandom =
  "random images with static labels were left out, as labelling them takes the set’s teachers (--teachers with their files)";

/**
 * The honest table: students on a distilled set and, with identical labels, augmentation and
 * steps, on as many random images as its storage holds; and students on all the data with hard labels.
 */
export const evaluateSet = async (
  stage: Stage,
  set: DistilledSet,
): Promise<Measured & Pick<Report, "withoutRandom">> => {
  const { method } = set.manifest;
  const { recipe, progress } = stage;
  const own = await distilledTrainingSet(stage, set, nameFor(method));
  if (method === baseline.name) return teachRows(stage, [own], withAllData(recipe));
  const labels = randomLabels(stage);
  const whole = labels.length === recipe.labels.length;
  if (!whole) progress.note(withoutRandom);
  const random = labels.length > 0 ? [await randomTrainingSet(stage, set, own)] : [];
  const measured = await teachRows(stage, [own, ...random], withAllData(recipe));
  return whole ? measured : { ...measured, withoutRandom };
};
