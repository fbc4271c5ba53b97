// Storage in images a class, and what it buys.
import { DistilleryError } from "../support/errors.ts";

/** The content of a set of `ipc` images a class, for C classes and V compensators a base set. */
export interface Budget {
  readonly ipc: number;
  /** K, base sets of one image a class. */
  readonly bases: number;
  /** K V; V is one for each of INFER's teachers, 0 for methods whose images share nothing. */
  readonly compensators: number;
  /** (V+1) K C, what a student is trained on. */
  readonly trainingImages: number;
}

/** A plan to spend the storage. */
export interface Spending {
  readonly classes: number;
  /** V, the compensators for which each base set leaves room. */
  readonly perBase: number;
  /** Base images that are stored in the values of one image; 1 where it is not said. */
  readonly perImage?: number;
  /** True where compensators are left out, and bases repeated to as many training images. */
  readonly copies?: boolean;
}

/** The smallest ipc that pays for a base set of C images and its V compensators. */
export const leastIpc = ({ classes, perBase, perImage = 1 }: Spending): number =>
  Math.ceil((classes + perBase * perImage) / (classes * perImage));

/**
 * K base sets cost K C / p images, p of them in the values of one, and K V compensators, each as large as an image; together
 * they may not exceed ipc C: K = floor(ipc / (1 / p + V / C)), which is ipc p when V = 0.
 * @throws DistilleryError BUDGET when not even one base set fits, naming the smallest ipc that works.
 */
export const budgetOf = (ipc: number, spending: Spending): Budget => {
  const { classes, perBase, perImage = 1, copies = false } = spending;
  // In whole numbers, so that no rounding of V / C costs a base set.
  const bases = Math.floor((ipc * classes * perImage) / (classes + perBase * perImage));
  if (bases < 1) {
    throw new DistilleryError(
      "BUDGET",
      `ipc ${ipc} is too small for ${classes} classes and ${perBase} compensator${perBase === 1 ? "" : "s"} a base set: one base set and its compensators need ${Math.ceil(classes / perImage) + perBase} images, ${ipc} a class are ${ipc * classes}; use --ipc ${leastIpc(spending)} or more`,
    );
  }
  return {
    ipc,
    bases,
    compensators: copies ? 0 : bases * perBase,
    trainingImages: (perBase + 1) * bases * classes,
  };
};
