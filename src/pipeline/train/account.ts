// The account of a student that was trained on a set, and its ONNX file.
import { z } from "zod";
import { parameterCount } from "../../models/model.ts";
import type { Manifest } from "../../sets/index.ts";
import { encodeNetwork, networkFacts } from "../../students/network-file.ts";
import { writeAtomic, writeJson } from "../../support/files.ts";
import { readJson } from "../../support/json-files.ts";
import { keyOf } from "../../support/key.ts";
import { version } from "../../support/version.ts";
import type { History } from "../../training/loop.ts";
import type { Frozen } from "../../training/train-step.ts";
import type { NamedPlan, StudentFolder } from "./student-folder.ts";

const accuracySchema = z.strictObject({ data: z.string(), images: z.int(), percent: z.number() });

/** The accuracy of a student on a data set's test images. */
export type MeasuredOn = Readonly<z.infer<typeof accuracySchema>>;

/** A student that was trained on a set alone; written as training.json. */
export interface StudentReport {
  readonly format: "distillery-student";
  readonly version: 1;
  readonly distillery: string;
  /** Digest of everything that determines the weights. */
  readonly key: string;
  /** The network, the labels it learnt from and the settings of its training. */
  readonly recipe: NamedPlan;
  readonly device: string;
  readonly parameters: number;
  readonly set: Pick<Manifest, "data" | "method"> & { readonly sha256: string; readonly images: number };
  /** Names of the outputs, in their order. */
  readonly classes: readonly string[];
  readonly image: Manifest["image"];
  /** Done to pixels from 0 to 1 before the weights see them; student.onnx does it itself. */
  readonly normalisation: Manifest["normalisation"];
  readonly accuracy?: MeasuredOn;
  readonly history: History;
}

/** Names a set by its content: the hash of its manifest, or in sets of versions 1 and 2 of its parts. */
export const contentOf = ({ sha256, parts }: Manifest): string => sha256 ?? keyOf(parts);

/** A student with all that is known of it. */
export interface Accounted {
  readonly manifest: Manifest;
  readonly key: string;
  readonly recipe: NamedPlan;
  readonly device: string;
  readonly student: Frozen;
  readonly history: History;
  readonly accuracy?: MeasuredOn | undefined;
}

/** The accuracy in the account of the same student, from an earlier time; undefined where none is told. */
export const knownAccuracy = async ({ account }: StudentFolder, key: string): Promise<MeasuredOn | undefined> => {
  const known = await readJson(account, z.looseObject({ key: z.string(), accuracy: z.exactOptional(accuracySchema) }));
  return known?.key === key ? known.accuracy : undefined;
};

const reportOf = ({ manifest, key, recipe, device, student, history, accuracy }: Accounted): StudentReport => ({
  format: "distillery-student",
  version: 1,
  distillery: version(),
  key,
  recipe,
  device,
  parameters: parameterCount(student.model),
  set: {
    data: manifest.data,
    method: manifest.method,
    sha256: contentOf(manifest),
    images: manifest.budget.trainingImages,
  },
  classes: manifest.classes,
  image: manifest.image,
  normalisation: manifest.normalisation,
  ...(accuracy && { accuracy }),
  history,
});

/** Facts for readers of student.onnx. */
const metadataOf = ({ recipe, set, classes, normalisation, accuracy }: StudentReport): Record<string, string> => ({
  ...networkFacts(recipe.student, classes, normalisation),
  set: set.sha256,
  ...(accuracy && {
    accuracy: `${accuracy.percent.toFixed(2)} % of ${accuracy.images} test images of ${accuracy.data}`,
  }),
});

/** Writes student.onnx and training.json, which follow from the weights and what is known of them. */
export const writeAccount = async (folder: StudentFolder, accounted: Accounted): Promise<StudentReport> => {
  const report = reportOf(accounted);
  await writeAtomic(folder.network, encodeNetwork(accounted.student, report.normalisation, metadataOf(report)));
  await writeJson(folder.account, report);
  return report;
};
