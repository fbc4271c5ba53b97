// The package's entry in a browser: sets that are opened there, and students that learn from them.
import { openBrowserDevice } from "../runtime/browser.ts";
import { type SetFiles, setFromFiles } from "../sets/from-files.ts";
import { fetchFiles } from "./fetch-files.ts";
import type { Student } from "./student.ts";
import { type LearningOptions, trainOnDevice } from "./train-on-device.ts";
import { type TrainingSet, trainingSetOf } from "./training-set.ts";
import type { WorkOptions } from "./work.ts";

export type { DistilledSet, Manifest } from "../sets/set.ts";
export { DistilleryError, type ErrorCode, errorTable } from "../support/errors.ts";
export type { ProgressEvent, ProgressSink, ScalarValues } from "../support/work/progress.ts";
export type { History } from "../training/loop.ts";
export type { Images, Student } from "./student.ts";
export type { LearningOptions as StudentOptions } from "./train-on-device.ts";
export type { Batch, TrainingSet } from "./training-set.ts";
export type { SetFiles, WorkOptions };

/**
 * Opens a distilled set, given as the address of its folder, hf://USER/NAME, https://HOST/FOLDER or one relative to the page,
 * or as the bytes of its files by their paths in it, after checking all of it.
 * @throws DistilleryError SET with the first thing that is wrong, DOWNLOAD, INTERRUPTED.
 */
export const openSet = async (set: string | SetFiles, options: WorkOptions = {}): Promise<TrainingSet> =>
  trainingSetOf(await setFromFiles(typeof set === "string" ? await fetchFiles(set, options) : set), openBrowserDevice);

/**
 * Trains a network on a set alone, on the thread that asks: in a page call it from a Worker, or the page stands still at every
 * step.
 * @throws DistilleryError RECIPE or USAGE for a wrong setting, SET for labels that are not stored, DEVICE, INTERRUPTED.
 */
export const trainStudent = (set: TrainingSet, options: LearningOptions = {}): Promise<Student> =>
  trainOnDevice(openBrowserDevice, set, options);
