// Training a student on a set in memory: the same student that the command line trains first with this seed.
import type { Device } from "../runtime/index.ts";
import { planTraining, type TrainingWishes } from "../students/plan.ts";
import { trainOnSet } from "../students/train-on-set.ts";
import { type Student, studentOf } from "./student.ts";
import type { TrainingSet } from "./training-set.ts";
import { contextOf, type WorkOptions } from "./work.ts";

/** A student's settings; those left out are of the recipe that the set was made by. */
export interface LearningOptions extends WorkOptions, TrainingWishes {
  /** Its architecture, e.g. "convnet64x2" or "resnet18". */
  readonly student?: string;
}

/**
 * Trains a network on a set alone. Its device, which is opened once the settings are known to be right, stays open for the
 * student, until that is closed.
 */
export const trainOnDevice = async (
  open: () => Promise<Device>,
  { stored }: TrainingSet,
  options: LearningOptions,
): Promise<Student> => {
  const { student = "convnet", onProgress: _, signal: __, ...wishes } = options;
  planTraining(stored, wishes);
  const device = await open();
  try {
    const trained = await trainOnSet({ ...wishes, ...contextOf(options), set: stored, student, device });
    return studentOf(device, trained, stored.manifest);
  } catch (error) {
    await device.close();
    throw error;
  }
};
