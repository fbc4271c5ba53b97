// Writing the report of a run.
import { cpus, totalmem } from "node:os";
import { conclusionsOf } from "../evaluation/conclusions.ts";
import { schemaIds } from "../evaluation/json-schema.ts";
import type { AccuracyRow, Curve, GalleryItem, Report, TeacherRow } from "../evaluation/rows.ts";
import { parameterCount } from "../models/model.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { makeGallery } from "../report/run/choose-gallery.ts";
import { renderReport } from "../report/run/html.ts";
import type { Device } from "../runtime/index.ts";
import { type DistilledSet, layoutOf, openImages, sameSize, weighSet } from "../sets/index.ts";
import { writeAtomic, writeJson } from "../support/files.ts";
import { version } from "../support/version.ts";
import { chanceOf } from "../teachers/guessing.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { type RunFolder, readSeconds } from "./folder/run-folder.ts";
import { plainRecipe } from "./recipe/file.ts";

/** What is known of the data, also written as 1-dataset.json. */
export const describeDataset = ({ dataset, train, validation }: Prepared): Report["data"] => ({
  name: dataset.name,
  classes: dataset.classes.length,
  classNames: dataset.classes,
  ...(dataset.words && { classWords: dataset.words }),
  train: train.length,
  validation: validation.length,
  test: dataset.test.length,
  image: { channels: 3, ...dataset.image },
  skipped: dataset.skipped.length,
  ignored: dataset.ignored,
});

/** Everything that a report is made from. */
export interface Findings {
  readonly recipe: Recipe;
  readonly data: Prepared;
  readonly teachers: readonly Teacher[];
  readonly set: DistilledSet;
  readonly setFolder: string;
  readonly rows: readonly AccuracyRow[];
  /** Of the set's making and of the students. */
  readonly curves: readonly Curve[];
  readonly device: Device;
  readonly best?: string;
  readonly withoutRandom?: string;
}

const allCurves = ({ teachers, curves }: Findings): Curve[] => [
  ...teachers.map((t): Curve => ({ group: "teacher", name: t.model.name, ...t.history })),
  ...curves,
];

/** What is reported of teachers. */
export const describeTeachers = (teachers: readonly Teacher[], { dataset }: Prepared): TeacherRow[] =>
  teachers.map(({ model, accuracy, accuracyViews, validationAccuracy, epochs, bytes, sha256 }) => ({
    architecture: model.name,
    accuracy,
    ...(accuracyViews !== undefined && { accuracyViews }),
    validationAccuracy,
    chance: chanceOf(accuracy, dataset.test.labels),
    ...(epochs !== undefined && { epochs }),
    parameters: parameterCount(model),
    bytes,
    sha256,
  }));

/** Bytes of the training split at 8 bits, and of the teachers' weights. */
export const bytesAround = (
  { train, validation, dataset: { image } }: Prepared,
  teachers: readonly Teacher[],
): { readonly data: number; readonly teachers: number } => ({
  data: (train.length + validation.length) * 3 * image.height * image.width,
  teachers: teachers.reduce((sum, t) => sum + t.bytes, 0),
});

export const describeHardware = (): Report["hardware"] => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
});

export const assembleReport = async (
  findings: Findings,
  seconds: Readonly<Record<string, number>>,
): Promise<Report> => {
  const { recipe, data, teachers, set, setFolder, rows, device, best, withoutRandom } = findings;
  const { stored, image } = layoutOf(set.manifest);
  return {
    format: "distillery-report",
    $schema: schemaIds.report,
    version: 1,
    distillery: version(),
    data: describeDataset(data),
    set: { folder: setFolder, decoding: set.manifest.decoding },
    method: set.manifest.method,
    pixels: set.manifest.pixels,
    ...(!sameSize(stored, image) && { stored }),
    budget: set.manifest.budget,
    bytes: {
      ...(await weighSet(setFolder)),
      ...bytesAround(data, teachers),
    },
    teachers: describeTeachers(teachers, data),
    rows,
    ...(withoutRandom !== undefined && { withoutRandom }),
    ...conclusionsOf({ rows }),
    curves: allCurves(findings),
    seconds,
    seed: recipe.seed,
    device: device.name,
    hardware: describeHardware(),
    recipe: plainRecipe(recipe),
    ...(best !== undefined && { best }),
  };
};

const galleryOf = async ({ set, device }: Findings): Promise<readonly GalleryItem[]> => {
  const images = await openImages(set, device);
  try {
    return await makeGallery(set, images);
  } finally {
    await images.release();
  }
};

/** report.json and report.html. */
export const writeReport = async (folder: RunFolder, findings: Findings): Promise<Report> => {
  const report = await assembleReport(findings, await readSeconds(folder));
  await writeJson(folder.reportJson, report);
  await writeAtomic(folder.reportHtml, renderReport(report, await galleryOf(findings)));
  return report;
};
