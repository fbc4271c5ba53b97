import type { Split } from "../data/dataset.ts";
import type { Device } from "../runtime/index.ts";
import type { Surroundings } from "../training/loop.ts";
import { accuracyOf, type Classifier, openClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";
import { sixViews } from "../training/views.ts";
import type { Prepared } from "./prepare.ts";
import type { Teacher } from "./teacher.ts";

/** Per cent of the images; `validationAccuracy` is NaN where none are held out. */
export type Measured = Pick<Teacher, "accuracy" | "accuracyViews" | "validationAccuracy">;

/** How good a network is on test and validation images, each seen once as it is, and with `views` also six times. */
export const measureTeacher = async (
  device: Device,
  frozen: Frozen,
  { dataset, validation, task }: Prepared,
  views: boolean,
  surroundings: Surroundings,
): Promise<Measured> => {
  const measure = (classifier: Classifier, split: Split, what: string): Promise<number> =>
    accuracyOf(classifier, split, dataset, `teacher ${frozen.model.name}: ${what}`, surroundings);
  const classifier = await openClassifier(device, frozen);
  try {
    return {
      accuracy: await measure(classifier, dataset.test, "test"),
      ...(views && { accuracyViews: await measure(sixViews(classifier, task), dataset.test, "test, six views") }),
      validationAccuracy: await measure(classifier, validation, "validation"),
    };
  } finally {
    await classifier.release();
  }
};
