import { DistilleryError } from "../support/errors.ts";

/** What `ipc` images a class buy, for C classes and M teachers. */
export interface Budget {
  readonly ipc: number;
  /** K, base sets of one image a class. */
  readonly bases: number;
  /** K M, one compensator for each base set and teacher. */
  readonly compensators: number;
  /** (M+1) K C, what a student is trained on. */
  readonly trainingImages: number;
}

/**
 * K base sets cost K C images and K M compensators, each as large as an image; together they may not exceed ipc C:
 * K = floor(ipc / (1 + M / C)).
 * @throws DistilleryError BUDGET when not even one base set fits, naming the smallest ipc that works.
 */
export const budgetOf = (ipc: number, classes: number, teachers: number): Budget => {
  // In whole numbers, so that no rounding of M / C costs a base set.
  const bases = Math.floor((ipc * classes) / (classes + teachers));
  if (bases < 1) {
    const least = 1 + Math.ceil(teachers / classes);
    throw new DistilleryError(
      "BUDGET",
      `ipc ${ipc} is too small for ${teachers} teacher${teachers === 1 ? "" : "s"} and ${classes} classes: one base set and its compensators need ${classes + teachers} images, ${ipc} a class are ${ipc * classes}; use --ipc ${least} or more`,
    );
  }
  return { ipc, bases, compensators: bases * teachers, trainingImages: (teachers + 1) * bases * classes };
};
