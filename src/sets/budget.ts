import { DistilleryError } from "../support/errors.ts";
import { hasCompensators, type Method, mayCopy } from "./method.ts";

/** What `ipc` images a class buy, for C classes and V compensators a base set. */
export interface Budget {
  readonly ipc: number;
  /** K, base sets of one image a class. */
  readonly bases: number;
  /** K V; V is one for each of INFER's teachers, 0 for methods whose images share nothing. */
  readonly compensators: number;
  /** (V+1) K C, what a student is trained on. */
  readonly trainingImages: number;
}

/** The smallest ipc that pays for a base set of C images and its V compensators. */
const leastFor = (classes: number, perBase: number): number => 1 + Math.ceil(perBase / classes);

/**
 * K base sets cost K C images and K V compensators, each as large as an image; together they may not exceed ipc C:
 * K = floor(ipc / (1 + V / C)), which is ipc when V = 0.
 * @throws DistilleryError BUDGET when not even one base set fits, naming the smallest ipc that works.
 */
export const budgetOf = (ipc: number, classes: number, perBase: number): Budget => {
  // In whole numbers, so that no rounding of V / C costs a base set.
  const bases = Math.floor((ipc * classes) / (classes + perBase));
  if (bases < 1) {
    throw new DistilleryError(
      "BUDGET",
      `ipc ${ipc} is too small for ${perBase} teacher${perBase === 1 ? "" : "s"} and ${classes} classes: one base set and its compensators need ${classes + perBase} images, ${ipc} a class are ${ipc * classes}; use --ipc ${leastFor(classes, perBase)} or more`,
    );
  }
  return { ipc, bases, compensators: bases * perBase, trainingImages: (perBase + 1) * bases * classes };
};

/** INFER's ablation without compensators: the same bases, copied to the same number of training images. */
export const copiesOf = (budget: Budget): Budget => ({ ...budget, compensators: 0 });

/** V, for which a base set has to leave room: copies take the budget of what they stand beside. */
const perBaseOf = (method: Method, teachers: number): number => {
  if (method === "infer-one-teacher") return 1;
  return hasCompensators(method) || mayCopy(method) ? teachers : 0;
};

/** The smallest ipc that a method makes a set of, with so many teachers. */
export const leastIpc = (method: Method, classes: number, teachers: number): number =>
  leastFor(classes, perBaseOf(method, teachers));

/** What `ipc` images a class buy by a method, with so many teachers. @throws DistilleryError BUDGET as budgetOf. */
export const budgetFor = (method: Method, ipc: number, classes: number, teachers: number): Budget => {
  const budget = budgetOf(ipc, classes, perBaseOf(method, teachers));
  return mayCopy(method) ? copiesOf(budget) : budget;
};
