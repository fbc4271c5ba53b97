// The images that a recipe takes of each class.
import type { Split } from "../data/dataset.ts";
import { byStratum } from "../data/split.ts";
import { leastIpcOf, storageOf } from "../distill/method.ts";
import { baseline } from "../distill/registry.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type Budget, parametrisationOf } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { plural } from "../support/format.ts";
import { methodOf } from "./recipe/method.ts";

/** Training images of each class that the storage of one image is filled with. */
const imagesEach = ({ method }: Recipe, { task }: Prepared): number =>
  (methodOf(method).imagesEach?.(task) ?? 1) * parametrisationOf(storageOf(method)).perImage;

/** Training images of each class that a recipe takes. Random ones beside the set fill its whole storage. */
export const imagesTaken = (recipe: Recipe, { task }: Prepared, { ipc, bases }: Budget): number =>
  Math.max(ipc, bases * (methodOf(recipe.method).imagesEach?.(task) ?? 1));

const leastOf = ({ method }: Recipe, { task }: Prepared, teachers: number): number =>
  leastIpcOf(methodOf(method), method, task.classes, teachers);

const countsIn = (split: Split, { task }: Prepared): number[] => byStratum(split, task).map(({ length }) => length);

const fewest = (counts: readonly number[]): number => counts.reduce((least, count) => Math.min(least, count));

/** Lists changes after which a set can be made, where the data have too few images for the least one. */
const waysOut = (recipe: Recipe, data: Prepared, teachers: number, images: number, least: number): string => {
  const { method } = recipe;
  const each = imagesEach(recipe, data);
  const fits = (count: number, available: number): boolean => leastOf(recipe, data, count) * each <= available;
  const fewer = Array.from({ length: teachers - 1 }, (_, i) => teachers - 1 - i).find((count) => fits(count, images));
  const held = countsIn(data.validation, data);
  const whole = fewest(countsIn(data.train, data).map((count, c) => count + held[c]!));
  return [
    `more images of each class, with --ipc ${least}`,
    ...(fits(teachers, whole) ? [`--validation 0, which holds out none, with --ipc ${least}`] : []),
    ...(fewer === undefined
      ? []
      : [`at most ${plural(fewer, "teacher")} (--teachers), with --ipc ${leastOf(recipe, data, fewer)}`]),
    ...(method.name === baseline.name ? [] : [`another method, such as --method ${baseline.name} --ipc ${images}`]),
  ].join(", or ");
};

/**
 * Fails where no budget at all, or not this one, can be paid with the images that the data have of each class. A budget that
 * is too small for the method is told by budgetFor, one that is too large for the data by drawImages: where both would send
 * the user to the other, this says at once what is needed.
 * @throws BUDGET.
 */
export const checkImages = (recipe: Recipe, data: Prepared, teachers: number): void => {
  const { method, ipc } = recipe;
  const { classes } = data.task;
  const each = imagesEach(recipe, data);
  const least = leastOf(recipe, data, teachers);
  const counts = countsIn(data.train, data);
  const images = fewest(counts);
  const most = Math.floor(images / each);
  const held = data.validation.length;
  const has = `class "${data.dataset.classes[counts.indexOf(images)]}" has ${images}${held > 0 ? ` besides ${plural(held, "image")} held out for validation` : ""}`;
  if (least > most) {
    throw new DistilleryError(
      "BUDGET",
      `${method.name} needs at least ${plural(least * each, "image")} of each class (${plural(classes, "class", "classes")}, ${plural(teachers, "teacher")}), ` +
        `but ${has}; give ${waysOut(recipe, data, teachers, images, least)}`,
    );
  }
  if (each > 1 && ipc > most) {
    throw new DistilleryError(
      "BUDGET",
      `${method.name} makes each image of ${each}, so that --ipc ${ipc} takes ${ipc * each} of each class, but ${has}; use --ipc ${most} or less`,
    );
  }
};
