// Teachers from weights of other programs, read and measured.
import { basename } from "node:path";
import { z } from "zod";
import { identityOf } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Work } from "../recipe/work.ts";
import { few } from "../sets/compatibility.ts";
import { decodeSafetensors } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { readRegularFile, sha256, whyUnread } from "../support/files.ts";
import { noteDamage, readSealed, writeSealed } from "../support/json-files.ts";
import { keyOf } from "../support/key.ts";
import type { Progress } from "../support/work/progress.ts";
import { type JobKind, runKept } from "../training/kept.ts";
import { foreignWeights } from "./foreign-weights.ts";
import { chanceOf } from "./guessing.ts";
import { type Measured, measureTeacher } from "./measure-teacher.ts";
import type { Teacher } from "./teacher.ts";
import { percent, percentOrNone } from "./teacher-card.ts";
import type { WantedTeacher } from "./teacher-names.ts";

type Foreign = Extract<WantedTeacher, { readonly kind: "foreign" }>;

/** Weights of another program in the network that they are said to be of; how good it is nobody knows yet. */
type Unmeasured = Pick<Teacher, "model" | "weights" | "file" | "sha256" | "bytes">;

const readBytes = async (file: string, architecture: string): Promise<Uint8Array> => {
  try {
    return await readRegularFile(file);
  } catch (cause) {
    throw new DistilleryError(
      "CHECKPOINT",
      `teacher ${architecture}=${file}: ${whyUnread(cause)}; expected the weights of ${architecture} with torchvision's names as a safetensors file`,
      { cause },
    );
  }
};

/**
 * Reads weights of another program for the data's classes and image size. The order of its classes cannot be known: it must be
 * that of the data, and the accuracy shows whether it is.
 * @throws CHECKPOINT if there is no such file, if it is damaged, or if its tensors are not those of the network.
 */
export const readForeign = async ({ architecture, file }: Foreign, { task }: Prepared): Promise<Unmeasured> => {
  const model = buildModel(architecture, task);
  if (file === architecture && model.trained) return { model, file, ...model.trained };
  const bytes = await readBytes(file, architecture);
  const weights = foreignWeights(model, decodeSafetensors(bytes, file).tensors, file);
  return { model, weights, file, sha256: sha256(bytes), bytes: bytes.length };
};

/** Holds what was measured of a teacher, as its file says it. */
const measurementSchema = z.strictObject({
  /** Digest of everything that determines the numbers. */
  key: z.string(),
  architecture: z.string(),
  /** Their sha256. */
  weights: z.string(),
  accuracy: percent,
  accuracyViews: z.exactOptional(percent),
  validationAccuracy: percentOrNone,
});

const readMeasurement = async (file: string, key: string, progress: Progress): Promise<Measured | undefined> => {
  const found = await readSealed(file, measurementSchema, noteDamage(progress));
  if (found?.key !== key) return undefined;
  const { accuracy, accuracyViews, validationAccuracy } = found;
  return {
    accuracy,
    ...(accuracyViews !== undefined && { accuracyViews }),
    validationAccuracy: validationAccuracy ?? Number.NaN,
  };
};

/** Says of a teacher that was just measured how good it is, and whether that may be mere guessing. */
const notesOf = ({ model, file }: Unmeasured, { accuracy, accuracyViews }: Measured, data: Prepared): string[] => {
  const { classes, test } = data.dataset;
  const title = `teacher ${model.name}`;
  const views = accuracyViews === undefined ? "" : `, ${accuracyViews.toFixed(1)} % with six views`;
  const measured = `${title}: ${accuracy.toFixed(1)} % of the test images${views} (${basename(file)}, not trained here)`;
  const { verdict } = chanceOf(accuracy, test.labels);
  if (verdict === "better") return [measured];
  const says = {
    guessing: "that is no better than guessing",
    "too few": `${test.length} are too few test images to tell whether that is better than guessing`,
  }[verdict];
  return [
    measured,
    `${title}: ${says}; its ${classes.length} outputs should be the classes in this order: ${few(classes)}, and --normalisation what it was trained with`,
  ];
};

/** The kind of jobs that measure a network of another program. */
const measuring = (network: Unmeasured): JobKind<Work, Measured, Measured> => ({
  kind: "measure",
  store: {
    ending: ".json",
    read: readMeasurement,
    write: async (file, key, measured) => {
      const { model, sha256 } = network;
      // Its NaN becomes null.
      await writeSealed(file, { key, architecture: model.name, weights: sha256, ...measured });
      return measured;
    },
  },
  open:
    async (work) =>
    async (_, { device }, context) => {
      const measured = await measureTeacher({ ...work, ...context, device }, network);
      for (const note of notesOf(network, measured, work.data)) work.progress.note(note);
      return measured;
    },
});

/**
 * A teacher from weights of another program. Nobody says how good it is, so that it is measured, once: the numbers stay in
 * `folder`, as those of teacher number `index`, for as long as weights and data are the same.
 */
export const obtainForeign = async (work: Work, index: number, wanted: Foreign): Promise<Teacher> => {
  const { recipe, data, device } = work;
  const network = await readForeign(wanted, data);
  const { model, sha256 } = network;
  const { views } = recipe.teacher;
  const key = keyOf({
    data: data.fingerprint,
    validation: recipe.validation,
    seed: recipe.seed,
    architecture: identityOf(model),
    sha256,
    views,
    device: device.name,
  });
  const job = { kind: "measure", name: `${index}-${model.name}`, spec: index, key, cost: data.dataset.test.length };
  const [measured] = await runKept(undefined, measuring(network), [job], () => 1, work);
  return { ...network, ...measured!, history: { steps: [], series: {} } };
};
