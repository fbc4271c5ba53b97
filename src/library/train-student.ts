// Training a student on a set in memory: the same student that the command line trains first with this seed.
import { planTraining, type TrainingWishes } from "../pipeline/train/plan.ts";
import { trainOnSet } from "../pipeline/train/train-on-set.ts";
import { type DeviceName, openDevice } from "../runtime/index.ts";
import { type Student, studentOf } from "./student.ts";
import type { TrainingSet } from "./training-set.ts";
import { contextOf, type WorkOptions } from "./work.ts";

/** A student's settings; those left out are of the recipe that the set was made by. */
export interface StudentOptions extends WorkOptions, TrainingWishes {
  /** Its architecture, e.g. "convnet64x2" or "resnet18". */
  readonly student?: string;
  readonly device?: DeviceName;
}

/**
 * Trains a network on a set alone. Its device stays open for the student, until that is closed.
 * @throws DistilleryError RECIPE or USAGE for a wrong setting, SET for labels that are not stored, INTERRUPTED.
 */
export const trainStudent = async ({ stored }: TrainingSet, options: StudentOptions = {}): Promise<Student> => {
  const { student = "convnet", device: name = "cpu", onProgress: _, signal: __, ...wishes } = options;
  planTraining(stored, wishes);
  const device = await openDevice(name);
  try {
    const trained = await trainOnSet({ ...wishes, ...contextOf(options), set: stored, student, device });
    return studentOf(device, trained, stored.manifest);
  } catch (error) {
    await device.close();
    throw error;
  }
};
