import { DistilleryError } from "../support/errors.ts";
import type { Random } from "../support/random.ts";
import type { Split } from "./dataset.ts";

/** The images at `indices` of a split, in that order: a view, nothing is copied before it is read. */
export const subset = (split: Split, indices: ArrayLike<number>): Split => {
  const chosen = Int32Array.from(indices);
  for (const index of chosen) {
    if (index < 0 || index >= split.length) {
      throw new DistilleryError("DATA", `subset: index ${index} is outside a split of ${split.length} images`);
    }
  }
  return {
    length: chosen.length,
    labels: chosen.map((index) => split.labels[index]!),
    read: (at) => split.read(Int32Array.from(at, (i) => chosen[i]!)),
  };
};

/** Indices of a split's images by label, ascending; labels without images get an empty list. */
export const byClass = (split: Split, classes: number): number[][] => {
  const lists = Array.from({ length: classes }, (): number[] => []);
  for (const [index, label] of split.labels.entries()) {
    while (lists.length <= label) lists.push([]);
    lists[label]!.push(index);
  }
  return lists;
};

/**
 * Splits off about `fraction` (0 <= fraction < 1) of every class for validation: at least one image and never all, of each
 * class with two or more. Both parts are views in the original order.
 */
export const holdOut = (
  split: Split,
  fraction: number,
  random: Random,
): { readonly train: Split; readonly validation: Split } => {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new DistilleryError(
      "RECIPE",
      `validation: ${fraction} given, expected a fraction from 0 up to but not including 1`,
    );
  }
  const held = new Uint8Array(split.length);
  for (const members of byClass(split, 0)) {
    const order = random.permutation(members.length);
    const share = Math.round(fraction * members.length);
    const count = fraction === 0 || members.length < 2 ? 0 : Math.min(members.length - 1, Math.max(1, share));
    for (const pick of order.subarray(0, count)) held[members[pick]!] = 1;
  }
  const where = (flag: 0 | 1): Int32Array => {
    const indices = Int32Array.from(held, (_, i) => i);
    return indices.filter((i) => held[i] === flag);
  };
  return { train: subset(split, where(0)), validation: subset(split, where(1)) };
};

/**
 * Draws `perClass` images of every class without replacement. Returns their indices, [perClass * C], pick by pick: entry
 * k * C + c is the k-th image of class c, so that C neighbours form one base set. With the same stream a smaller
 * `perClass` gives the beginning of a larger one's picks. Throws BUDGET when a class has too few images.
 */
export const pickPerClass = (
  split: Split,
  classes: readonly string[],
  perClass: number,
  random: Random,
): Int32Array => {
  const members = byClass(split, classes.length);
  const poorest = classes.reduce((least, _, c) => (members[c]!.length < members[least]!.length ? c : least), 0);
  const most = members[poorest]?.length ?? 0;
  if (perClass > most) {
    throw new DistilleryError(
      "BUDGET",
      `${perClass} images a class asked for, but class "${classes[poorest] ?? ""}" has ${most}; at most ${most} images a class can be drawn from this data`,
    );
  }
  const picks = new Int32Array(perClass * classes.length);
  for (let c = 0; c < classes.length; c++) {
    const order = random.permutation(members[c]!.length);
    for (let k = 0; k < perClass; k++) picks[k * classes.length + c] = members[c]![order[k]!]!;
  }
  return picks;
};
