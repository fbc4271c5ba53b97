// Measuring a teacher on test and validation images.
import type { Split } from "../data/dataset.ts";
import type { Work } from "../recipe/work.ts";
import { type Classifier, measure, withClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";
import { sixViews } from "../training/views.ts";
import type { Teacher } from "./teacher.ts";

/** In the unit of the task's metric; `validationAccuracy` is NaN where no images are held out. */
export type Measured = Pick<Teacher, "accuracy" | "accuracyViews" | "validationAccuracy">;

/** Measures a network on test and validation images, each seen once as it is, and with `teacher.views` also six times. */
export const measureTeacher = async (work: Work, frozen: Frozen): Promise<Measured> => {
  const { recipe, data, device } = work;
  const { dataset, validation, task } = data;
  const measured = (classifier: Classifier, split: Split, what: string): Promise<number> =>
    measure(classifier, split, data, `teacher ${frozen.model.name}: ${what}`, work);
  return withClassifier(device, frozen, async (classifier) => ({
    accuracy: await measured(classifier, dataset.test, "test"),
    ...(recipe.teacher.views && {
      accuracyViews: await measured(sixViews(classifier, task), dataset.test, "test, six views"),
    }),
    validationAccuracy: await measured(classifier, validation, "validation"),
  }));
};
