// The command that trains a student on a set alone.
import { hasTest } from "../../data/sources/layouts.ts";
import { idleFor, openDataset } from "../../data/sources/source.ts";
import { weightTypes } from "../../models/model.ts";
import { openDevice } from "../../runtime/index.ts";
import { classMismatch, sizeMismatch } from "../../sets/compatibility.ts";
import { type DistilledSet, readSet } from "../../sets/index.ts";
import { planTraining } from "../../students/plan.ts";
import { measureOn, modelFor, type SetTraining, type TrainedStudent, trainOnSet } from "../../students/train-on-set.ts";
import { DistilleryError } from "../../support/errors.ts";
import { keyOf } from "../../support/key.ts";
import { checkStudentName } from "../../teachers/teacher-names.ts";
import { checkpointFile, readStored, removeStored, unlessDamaged, writeStored } from "../../training/checkpoint.ts";
import type { History } from "../../training/loop.ts";
import { named, rebuild } from "../../training/stored.ts";
import type { CommandContext, Found, TrainOptions } from "../commands.ts";
import { checkFree } from "../folder/claim.ts";
import { contentOf, knownAccuracy, type StudentReport, writeAccount } from "./account.ts";
import { claimStudentFolder, type NamedPlan, type StudentFolder, studentFolder } from "./student-folder.ts";

/** The data to measure on: its classes must be the set's, in the set's order. @throws SET, DATA. */
const openTest = async (set: DistilledSet, options: TrainOptions, context: CommandContext) => {
  const { data, skipUnreadable = false } = options;
  if (data === undefined) return undefined;
  const { classes, image, recipe, seed } = set.manifest;
  // Images are resized and held out as they were for the set, where the data leave room for it.
  const usual = (field: "resize" | "test"): number | undefined => {
    const value = recipe[field];
    return idleFor(data, field) === undefined && typeof value === "number" ? value : undefined;
  };
  const resize = options.resize ?? usual("resize");
  const test = options.test ?? ((await hasTest(data)) ? undefined : usual("test"));
  const dataset = await openDataset(data, {
    ...context,
    // The demo's images and those that are held out follow from a seed: the set's.
    seed,
    skipUnreadable,
    ...(resize !== undefined && { resize }),
    ...(test !== undefined && { test }),
    download: false,
  });
  const apart = classMismatch(classes, dataset.classes) ?? sizeMismatch(image, dataset.image);
  if (apart === undefined) return dataset;
  throw new DistilleryError(
    "SET",
    `${options.set} does not fit the data ${dataset.name}, ${apart}; give data of the set's classes and size (--resize), or leave --data out`,
  );
};

/** The weights of an earlier time, where this training is at its end already. */
const readFinished = async (
  { weights }: StudentFolder,
  key: string,
  { set, student, progress }: Omit<SetTraining, "checkpoint">,
) => {
  const stored = await unlessDamaged(weights, progress, () => readStored(weights));
  if (stored?.metadata.key !== key) return undefined;
  const { parameters, statistics } = weightTypes(modelFor(set, student));
  const history: History = JSON.parse(stored.metadata.history!);
  return {
    weights: {
      parameters: rebuild(parameters, stored.tensors, weights),
      statistics: rebuild(statistics, stored.tensors, weights),
    },
    history,
  };
};

/** Trains into a folder, or reads what was trained there before. */
const obtain = async (
  folder: StudentFolder,
  key: string,
  recipe: NamedPlan,
  training: Omit<SetTraining, "checkpoint">,
): Promise<Pick<TrainedStudent, "weights" | "history">> => {
  const found = await readFinished(folder, key, training);
  if (found !== undefined) return found;
  const { weights, history } = await trainOnSet({ ...training, checkpoint: checkpointFile(folder.checkpoint, key) });
  await writeStored(folder.weights, {
    tensors: named({ ...weights.parameters, ...weights.statistics }),
    metadata: { format: "pt", key, plan: JSON.stringify(recipe), history: JSON.stringify(history) },
  });
  return { weights, history };
};

/**
 * Trains one student on a set alone and measures it where data are given. A folder with the same training, begun or done,
 * is taken up again, so that an accuracy can be had later.
 */
export const trainCommand = async (options: TrainOptions, context: CommandContext): Promise<Found<StudentReport>> => {
  const folder = studentFolder(context.out);
  checkStudentName(options.student);
  const set = await readSet(options.set);
  const model = modelFor(set, options.student);
  const recipe: NamedPlan = { student: model.name, ...planTraining(set, options) };
  await checkFree(folder);
  const device = await openDevice(options.device ?? "cpu", { note: context.progress.note });
  try {
    const key = keyOf({ set: contentOf(set.manifest), ...recipe, device: device.name });
    const dataset = await openTest(set, options, context);
    await using _ = { [Symbol.asyncDispose]: (await claimStudentFolder(folder, key, recipe)).release };
    const { test: _fraction, ...training } = options;
    const { weights, history } = await obtain(folder, key, recipe, { ...training, ...context, set, device });
    const student = { model, weights };
    const measured = dataset && {
      data: dataset.name,
      images: dataset.test.length,
      percent: await measureOn(dataset.test, { ...context, set, device }, student),
    };
    const accuracy = measured ?? (await knownAccuracy(folder, key));
    const known = { manifest: set.manifest, key, recipe, device: device.name, student, history, accuracy };
    const report = await writeAccount(folder, known);
    await removeStored(folder.checkpoint);
    return { report, files: { network: folder.network, weights: folder.weights, account: folder.account } };
  } finally {
    await device.close();
  }
};
