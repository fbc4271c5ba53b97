// The package's main entry: what the command line does, as functions.
export type { Dataset, Normalisation, SkippedFile, Split } from "../data/dataset.ts";
export type { ComparedSet, Comparison, ComparisonRow } from "../evaluation/comparison.ts";
export type {
  Accuracy,
  AccuracyRow,
  Curve,
  Mark,
  Ranking,
  ReachedBySet,
  Report,
  TeacherRow,
} from "../evaluation/rows.ts";
export type { TaughtTeacher, TeachersReport } from "../evaluation/teachers-report.ts";
export type { Exported } from "../export/index.ts";
export type { Pushed } from "../hub/push.ts";
export type { DistilledFolder, Found } from "../pipeline/commands.ts";
export { loadRecipe } from "../pipeline/recipe/file.ts";
export type { MethodChoice, Recipe } from "../recipe/recipe.ts";
export { type DeviceName, deviceNames } from "../runtime/index.ts";
export { type DistilledSet, type Manifest, type SetFiles, type Verification, verifySet } from "../sets/index.ts";
export { DistilleryError, type ErrorCode, errorTable } from "../support/errors.ts";
export { version } from "../support/version.ts";
export type { ProgressEvent, ProgressSink, ScalarValues } from "../support/work/progress.ts";
export type { History } from "../training/loop.ts";
export {
  type CommandOptions,
  compare,
  distill,
  type EvaluateOptions,
  evaluate,
  type RecipeFields,
  run,
  teach,
} from "./commands.ts";
export { createSet, type OwnImages } from "./create-set.ts";
export { exportSet, formats, pushSet, type SetExportOptions, type SetPushOptions } from "./export-set.ts";
export { type DatasetOptions, openDataset } from "./open-dataset.ts";
export { type OpenSetOptions, openSet } from "./open-set.ts";
export type { Images, Student } from "./student.ts";
export { type StudentOptions, trainStudent } from "./train-student.ts";
export type { Batch, TrainingSet } from "./training-set.ts";
export type { WorkOptions } from "./work.ts";
