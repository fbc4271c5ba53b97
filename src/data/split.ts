// Subsets of a split: validation images and balanced draws.
import { DistilleryError } from "../support/errors.ts";
import type { Random } from "../support/random.ts";
import type { Task } from "../tasks/task.ts";
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

/** Indices of a split's images by what a draw balances, ascending; an image of several strata stands in each of them. */
export const byStratum = <Label>(
  { labels }: Pick<Split<ArrayLike<Label>>, "labels">,
  { strata }: Pick<Task<Label>, "strata">,
): number[][] => {
  const lists = Array.from({ length: strata.count }, (): number[] => []);
  for (let index = 0; index < labels.length; index++) {
    for (const stratum of strata.of(labels[index]!)) lists[stratum]!.push(index);
  }
  return lists;
};

/** Marks by 1 about `fraction` of every stratum's images: at least one and never all, of each with two or more. */
export const heldOut = (
  split: Pick<Split, "labels">,
  task: Pick<Task, "strata">,
  fraction: number,
  random: Random,
): Uint8Array => {
  const held = new Uint8Array(split.labels.length);
  for (const members of byStratum(split, task)) {
    const order = random.permutation(members.length);
    const share = Math.round(fraction * members.length);
    const count = fraction === 0 || members.length < 2 ? 0 : Math.min(members.length - 1, Math.max(1, share));
    for (const pick of order.subarray(0, count)) held[members[pick]!] = 1;
  }
  return held;
};

/** Splits off about `fraction` (0 <= fraction < 1) for validation, as `heldOut`. Both parts are views in the original order. */
export const holdOut = (
  split: Split,
  task: Pick<Task, "strata">,
  fraction: number,
  random: Random,
): { readonly train: Split; readonly validation: Split } => {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new DistilleryError(
      "RECIPE",
      `validation: ${fraction} given, expected a fraction from 0 up to but not including 1`,
    );
  }
  const held = heldOut(split, task, fraction, random);
  const where = (flag: 0 | 1): Int32Array => {
    const indices = Int32Array.from(held, (_, i) => i);
    return indices.filter((i) => held[i] === flag);
  };
  return { train: subset(split, where(0)), validation: subset(split, where(1)) };
};

/**
 * Draws `count` images of each of S strata, which are called `names`, without replacement. Returns their indices,
 * [count * S], pick by pick: entry k * S + s is the k-th image of stratum s, so that S neighbours form one base set. With the
 * same stream a smaller `count` gives the beginning of a larger one's picks. Throws BUDGET when a stratum has too few images.
 */
export const pickPerStratum = (
  split: Split,
  task: Pick<Task, "strata">,
  names: readonly string[],
  count: number,
  random: Random,
): Int32Array => {
  const members = byStratum(split, task);
  const sizes = members.map(({ length }) => length);
  const most = Math.min(...sizes);
  if (count > most) {
    throw new DistilleryError(
      "BUDGET",
      `${count} images a class asked for, but class "${names[sizes.indexOf(most)] ?? ""}" has ${most}; at most ${most} images a class can be drawn from this data`,
    );
  }
  const picks = new Int32Array(count * members.length);
  for (const [s, own] of members.entries()) {
    const order = random.permutation(own.length);
    for (let k = 0; k < count; k++) picks[k * members.length + s] = own[order[k]!]!;
  }
  return picks;
};
