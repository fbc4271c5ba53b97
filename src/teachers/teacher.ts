// Teachers and their files.
import type { Tensor } from "../autodiff/index.ts";
import { formatNormalisation, isAlike } from "../data/normalisation.ts";
import type { Model, Weights } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import type { Prepared } from "../recipe/prepare.ts";
import { classMismatch, sizeMismatch } from "../sets/compatibility.ts";
import type { SafeTensor } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { sha256, writeAtomic } from "../support/files.ts";
import { shown } from "../support/schema.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { encodeStored, readStored } from "../training/checkpoint.ts";
import type { History } from "../training/loop.ts";
import { named } from "../training/stored.ts";
import { matchWeights } from "./foreign-weights.ts";
import { damagedCard, parseCard } from "./teacher-card.ts";

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
  /** NaN where no images are held out. */
  readonly validationAccuracy: number;
  /** Absent of weights that were not trained here; their history is empty. */
  readonly epochs?: number;
  readonly history: History;
}

/** The accuracy of a teacher and the history of its training. */
export type Trained = Pick<Teacher, "accuracy" | "accuracyViews" | "validationAccuracy" | "epochs" | "history">;

/** Names in the file are torch's: parameters and running statistics side by side. */
const flatWeights = ({ parameters, statistics }: Weights) => ({ ...parameters, ...statistics });

/** The network that a teacher's file names. @throws CHECKPOINT where there is none of that name. */
const modelOf = (architecture: string, task: NetworkTask, file: string): Model => {
  try {
    return buildModel(architecture, task);
  } catch (cause) {
    if (!(cause instanceof DistilleryError)) throw cause;
    const own = `; where it is a network of your own, give its file too, --teachers ./${architecture}.mjs=${file}`;
    throw damagedCard(
      file,
      `: architecture: expected a network that is known here, got ${shown(architecture)}${own}`,
      cause,
    );
  }
};

const asSafe = ({ data, shape }: Tensor): SafeTensor =>
  data instanceof Float32Array ? { dtype: "F32", shape, data } : { dtype: "I64", shape, data };

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
      `${file} is no teacher of ours: it lacks the metadata "teacher"; make one with distillery teach, ` +
        `or say which architecture's weights they are if their names are torchvision's, e.g. resnet18=${file}`,
    );
  const card = parseCard(text, file);
  if (key !== undefined && card.key !== key) return undefined;
  const apart = classMismatch(card.classes, dataset.classes) ?? sizeMismatch(card.image, task.image);
  if (apart !== undefined) {
    throw new DistilleryError(
      "CHECKPOINT",
      `${file} does not fit the data, ${apart}; give a teacher of these classes and this size, or an architecture to train one`,
    );
  }
  if (!isAlike(card.normalisation, dataset.normalisation)) {
    throw new DistilleryError(
      "CHECKPOINT",
      `${file} was trained on images normalised by ${formatNormalisation(card.normalisation)}, but these are by ${formatNormalisation(dataset.normalisation)}; ` +
        "give the data and the --normalisation that it was trained with, or an architecture to train one",
    );
  }
  const model = modelOf(card.architecture, task, file);
  const tensors = Object.fromEntries(Object.entries(stored.tensors).map(([name, t]) => [name, asSafe(t)]));
  const weights = matchWeights(model, tensors, file, {
    unlike: "the file is damaged: make it again with distillery teach, or fetch it again",
    notFinite: "train it anew with a lower teacher.learningRate, or fetch the file again",
  });
  return {
    ...card,
    validationAccuracy: card.validationAccuracy ?? Number.NaN,
    model,
    weights,
    file,
    sha256: sha256(stored.bytes),
    bytes: stored.bytes.length,
  };
};

/** Writes a teacher file, whole or not at all; `key` tells of which work it is. */
export const writeTeacher = async (
  file: string,
  key: string,
  { dataset, task }: Prepared,
  { model, weights }: Pick<Teacher, "model" | "weights">,
  trained: Trained,
): Promise<Teacher> => {
  const card = {
    key,
    architecture: model.name,
    classes: dataset.classes,
    image: task.image,
    normalisation: dataset.normalisation,
    ...trained,
  };
  const bytes = encodeStored({ tensors: named(flatWeights(weights)), metadata: { teacher: JSON.stringify(card) } });
  await writeAtomic(file, bytes);
  return { ...card, model, weights, file, sha256: sha256(bytes), bytes: bytes.length };
};
