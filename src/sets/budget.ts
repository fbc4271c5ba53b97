// Storage in images a class, and what it buys.
import { DistilleryError } from "../support/errors.ts";
import { plural } from "../support/format.ts";

/** The content of a set of `ipc` images a class, for C classes. */
export interface Budget {
  readonly ipc: number;
  /** K, base sets of one image a class. */
  readonly bases: number;
  /** K V + C U, all compensators; 0 for methods whose images share nothing. */
  readonly compensators: number;
  /** V, compensators of each base set, which its images of all classes share: one for each of INFER's teachers. */
  readonly perBase: number;
  /** U, compensators of each class, which its images of all base sets share. */
  readonly perClass: number;
  /** (1 + V + U) K C, what a student is trained on. */
  readonly trainingImages: number;
}

/** A plan to spend the storage. */
export interface Spending {
  readonly classes: number;
  /** V and U, the compensators for which each base set and each class leaves room. */
  readonly perBase: number;
  readonly perClass?: number;
  /** Base images that are stored in the values of one image; 1 where it is not said. */
  readonly perImage?: number;
  /** True where compensators are left out, and bases repeated to as many training images. */
  readonly copies?: boolean;
}

/** The smallest ipc that pays for a base set of C images, its V compensators and the U of each class. */
export const leastIpc = ({ classes, perBase, perClass = 0, perImage = 1 }: Spending): number =>
  perClass + Math.ceil((classes + perBase * perImage) / (classes * perImage));

/**
 * K base sets cost K C / p images, p of them in the values of one, and K V + C U compensators, each as large as an image;
 * together they may not exceed ipc C: K = floor((ipc - U) / (1 / p + V / C)), which is ipc p when U = V = 0.
 * @throws DistilleryError BUDGET when not even one base set fits, naming the smallest ipc that works.
 */
export const budgetOf = (ipc: number, spending: Spending): Budget => {
  const { classes, perBase, perClass = 0, perImage = 1, copies = false } = spending;
  // In whole numbers, so that no rounding of V / C costs a base set.
  const bases = Math.floor(((ipc - perClass) * classes * perImage) / (classes + perBase * perImage));
  if (bases < 1) {
    const wanted = [
      ...(perClass === 0 || perBase > 0 ? [`${plural(perBase, "compensator")} a base set`] : []),
      ...(perClass > 0 ? [`${plural(perClass, "compensator")} a class`] : []),
    ].join(" and ");
    throw new DistilleryError(
      "BUDGET",
      `ipc ${ipc} is too small for ${classes} classes and ${wanted}: one base set and its compensators need ${Math.ceil(classes / perImage) + perBase + classes * perClass} images, ${ipc} a class are ${ipc * classes}; use --ipc ${leastIpc(spending)} or more`,
    );
  }
  const [V, U] = copies ? [0, 0] : [perBase, perClass];
  return {
    ipc,
    bases,
    compensators: bases * V + classes * U,
    perBase: V,
    perClass: U,
    trainingImages: (1 + perBase + perClass) * bases * classes,
  };
};

/** Those that share a compensator, in words. */
export const sharersOf = ({ perBase, perClass }: Pick<Budget, "perBase" | "perClass">): string =>
  [...(perBase > 0 ? ["all classes"] : []), ...(perClass > 0 ? ["all bases of its class"] : [])].join(" or ");

/** The counts of compensators by who shares them, in words; none where there are none. */
export const describeSharing = ({ perBase, perClass }: Pick<Budget, "perBase" | "perClass">): string[] => [
  ...(perBase > 0 ? [`${perBase} of each base set, shared by all classes`] : []),
  ...(perClass > 0 ? [`${perClass} of each class, shared by all of its bases`] : []),
];
