// Labels and storage of what a method made: the set itself.
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { layoutFor, type Made, type Method } from "../distill/method.ts";
import { describeTraining } from "../evaluation/describe-training.ts";
import type { Recipe } from "../recipe/recipe.ts";
import {
  type Budget,
  chooseLabels,
  type DistilledSet,
  describeDecoding,
  type LabelChoice,
  type Layout,
  labelAxes,
  leastLabelBytes,
  noticeOf,
  openImages,
  packLabels,
  readSet,
  roundCompensators,
  type Unlisted,
  weighSet,
  writeSet,
} from "../sets/index.ts";
import { exists, sha256 } from "../support/files.ts";
import { noteDamage } from "../support/json-files.ts";
import type { Progress } from "../support/work/progress.ts";
import { doubtfulLabels } from "../teachers/agreement.ts";
import { meanLogits } from "../teachers/label.ts";
import type { Stage } from "../teachers/stage.ts";
import { removeStored } from "../training/checkpoint.ts";
import { fileOf } from "../training/kept.ts";
import { ofTheSet } from "./folder/growth.ts";
import { plainRecipe } from "./recipe/file.ts";
import { precisionOf } from "./recipe/method.ts";
import { writeWithin } from "./set-limit.ts";

/** How labels are stored in the bytes that the recipe allows. @throws BUDGET where no way is small enough. */
export const labelsFor = (recipe: Recipe, layout: Layout): LabelChoice =>
  chooseLabels(labelAxes(layout), layout.classes, recipe.student.temperature, recipe.labelBytes);

/** The set in a folder if it is whole, made of just these bases, compensators and teachers, and of at most so many bytes. */
const readFinished = async (
  folder: string,
  unlisted: (labels: LabelChoice) => Unlisted,
  bases: Uint8Array,
  compensators: Float32Array,
  most: number,
  progress: Progress,
): Promise<DistilledSet | undefined> => {
  const found = await readSet(folder).catch(async () => {
    if (await exists(join(folder, "manifest.json"))) noteDamage(progress)(folder);
    return undefined;
  });
  if (found === undefined || (await weighSet(folder)).total > most) return undefined;
  const { card: _, parts: __, sha256: ___, ...said } = found.manifest;
  // How labels are stored follows from the recipe, which the manifest holds.
  const usual = unlisted(said.labels);
  const [was, is] = [said, usual].map((one) => ({ ...one, recipe: ofTheSet(one.recipe) }));
  const same = isDeepStrictEqual([was, found.compensators], [is, compensators]);
  return same && Buffer.compare(found.bases, bases) === 0 ? found : undefined;
};

/**
 * Puts bases [K, C, 3, H, W], compensators [K V + U C, 3, H, W] and the teachers' labels, which are kept in the folder `work`,
 * together into the set's folder and reads it back: what is on the disk is the set.
 */
export const makeSet = async (
  stage: Stage,
  work: string,
  method: Method,
  budget: Budget,
  { bases, compensators = new Float32Array(0) }: Made,
): Promise<DistilledSet> => {
  const { recipe, data, teachers, folder } = stage;
  const { dataset, task } = data;
  const precision = precisionOf(recipe);
  const storage = layoutFor(recipe.method, budget, data);
  const most = recipe.setBytes ?? Number.POSITIVE_INFINITY;
  const unlisted = (labels: LabelChoice): Unlisted => ({
    format: "distillery-set",
    version: 6,
    data: dataset.name,
    method: method.name,
    pixels: method.pixels,
    classes: dataset.classes,
    ...(dataset.words && { words: dataset.words }),
    image: task.image,
    normalisation: dataset.normalisation,
    budget,
    storage: { kind: storage.kind, ...storage.stored },
    decoding: describeDecoding(storage),
    compensators: { dtype: budget.compensators === 0 ? "none" : precision },
    labels,
    training: describeTraining(recipe, task, budget, teachers.length),
    teachers: teachers.map(({ model, accuracy, sha256 }) => ({ architecture: model.name, accuracy, sha256 })),
    recipe: plainRecipe(recipe),
    seed: recipe.seed,
    notice: noticeOf(method.pixels),
  });
  // Labels belong to the images that a reader will rebuild, so they are made from compensators as stored.
  const stored = roundCompensators(precision, compensators, task.image);
  const finished = await readFinished(folder, unlisted, bases, stored, most, stage.progress);
  if (finished !== undefined) return finished;
  const usual = unlisted(labelsFor(recipe, storage));
  const arrays = { manifest: { ...usual, parts: {} }, bases, compensators: stored };
  const name = `${basename(folder)}-labels`;
  const logits = await meanLogits(
    { ...stage, folder: work },
    {
      name,
      title: "labels",
      length: storage.labelled,
      key: {
        normalisation: dataset.normalisation,
        decoding: usual.decoding,
        bases: sha256(bases),
        compensators: sha256(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)),
      },
      open: async (device) => {
        const { read, release } = await openImages(arrays, device);
        return { length: storage.labelled, images: read, release };
      },
    },
  );
  const doubt = recipe.labels.includes("static") ? doubtfulLabels(logits, task.classes, teachers) : undefined;
  if (doubt !== undefined) stage.progress.note(doubt);
  const write = async (labelBytes = recipe.labelBytes): Promise<void> => {
    const asked = labelBytes === undefined ? recipe : { ...recipe, labelBytes };
    const choice = labelsFor(asked, storage);
    const labels = packLabels(choice, logits, task.classes);
    await writeSet(folder, { manifest: unlisted(choice), bases, compensators: stored, labels });
  };
  const least = leastLabelBytes(labelAxes(storage), task.classes, recipe.student.temperature);
  await writeWithin(recipe, folder, least, write);
  // The set has them now.
  await removeStored(fileOf(work, { name }));
  return readSet(folder);
};
