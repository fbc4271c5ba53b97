import type { Split } from "../data/dataset.ts";
import type { Work } from "../recipe/work.ts";
import { accuracyOf, type Classifier, openClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";
import { sixViews } from "../training/views.ts";
import type { Teacher } from "./teacher.ts";

/** Per cent of the images; `validationAccuracy` is NaN where none are held out. */
export type Measured = Pick<Teacher, "accuracy" | "accuracyViews" | "validationAccuracy">;

/** How good a network is on test and validation images, each seen once as it is, and with `teacher.views` also six times. */
export const measureTeacher = async (work: Work, frozen: Frozen): Promise<Measured> => {
  const { recipe, data, device } = work;
  const { dataset, validation, task } = data;
  const measure = (classifier: Classifier, split: Split, what: string): Promise<number> =>
    accuracyOf(classifier, split, dataset, `teacher ${frozen.model.name}: ${what}`, work);
  const classifier = await openClassifier(device, frozen);
  try {
    return {
      accuracy: await measure(classifier, dataset.test, "test"),
      ...(recipe.teacher.views && {
        accuracyViews: await measure(sixViews(classifier, task), dataset.test, "test, six views"),
      }),
      validationAccuracy: await measure(classifier, validation, "validation"),
    };
  } finally {
    await classifier.release();
  }
};
