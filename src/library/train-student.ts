// Training a student on a set, on a device of Node's.
import { type DeviceName, openDevice } from "../runtime/index.ts";
import type { Student } from "./student.ts";
import { type LearningOptions, trainOnDevice } from "./train-on-device.ts";
import type { TrainingSet } from "./training-set.ts";

/** A student's settings, and the device to train it on; cpu by default. */
export interface StudentOptions extends LearningOptions {
  readonly device?: DeviceName;
}

/**
 * Trains a network on a set alone. Its device stays open for the student, until that is closed.
 * @throws DistilleryError RECIPE or USAGE for a wrong setting, SET for labels that are not stored, INTERRUPTED.
 */
export const trainStudent = async (
  set: TrainingSet,
  { device = "cpu", ...options }: StudentOptions = {},
): Promise<Student> => trainOnDevice(() => openDevice(device), set, options);
