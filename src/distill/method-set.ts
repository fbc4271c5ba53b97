import { type Budget, budgetFor, type DistilledSet, mayCopy } from "../formats/index.ts";
import type { Curve } from "../report/report.ts";
import { type Choosing, chooseBases } from "./bases.ts";
import { makeCompensators, readCompensator } from "./compensators.ts";
import { isRival, rivals } from "./methods/registry.ts";
import { noiseLike } from "./noise.ts";
import { makeSet } from "./set.ts";

/** Stages of making a set, each of which is timed. */
export type Stage = "compensators" | "images" | "labels";

/** What a set is made from; `recipe` says by which method and for which budget. */
export interface SetWork extends Omit<Choosing, "folder"> {
  readonly folders: {
    /** INFER's compensators. */
    readonly compensators: string;
    /** A rival's own. */
    readonly images: string;
    readonly set: string;
  };
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
}

export interface MethodSet {
  readonly set: DistilledSet;
  /** What was measured while it was optimised. */
  readonly curves: readonly Curve[];
}

/** Base images [K, C, 3, H, W] and what is added to them, [K, V, 3, H, W]. */
interface Made {
  readonly bases: Uint8Array;
  readonly compensators: Float32Array;
  readonly curves: readonly Curve[];
}

/** INFER and its ablations, which differ in what becomes of the compensators. */
const makeInfer = async (work: SetWork, budget: Budget): Promise<Made> => {
  const { recipe, data, teachers, device, folders, surroundings } = work;
  const { method, seed } = recipe;
  const bases = await chooseBases({ ...work, folder: folders.compensators }, budget.bases);
  if (mayCopy(method)) return { bases: await bases.all(), compensators: new Float32Array(0), curves: [] };
  const by = method === "infer-one-teacher" ? teachers.slice(0, 1) : teachers;
  const made = await makeCompensators(recipe, data, by, bases, device, folders.compensators, surroundings);
  const { height, width } = data.task.image;
  const size = 3 * height * width;
  const compensators = new Float32Array(made.length * size);
  for (const { base, teacher, file } of made) {
    const u = await readCompensator(file);
    const value = method === "infer-noise" ? noiseLike(u, seed, base, teacher) : u;
    compensators.set(value, (base * by.length + teacher) * size);
  }
  const curves = made.map(
    (u): Curve => ({ group: "compensator", name: `base ${u.base}, teacher ${u.teacher}`, ...u.history }),
  );
  return { bases: await bases.all(), compensators, curves };
};

/** One of the others, whose images share nothing. */
const makeRival = async (work: SetWork): Promise<Made> => {
  const { recipe, folders, ...rest } = work;
  if (!isRival(recipe.method)) throw new RangeError(`${recipe.method} is no rival`);
  const making = { ...rest, recipe, folder: folders.images, ipc: recipe.ipc };
  const { pixels, curves } = await rivals[recipe.method].make(making);
  return {
    bases: pixels,
    compensators: new Float32Array(0),
    curves: curves.map(({ name, history }): Curve => ({ group: "image", name, ...history })),
  };
};

/** A set by the recipe's method, finished work taken up. @throws BUDGET, INTERRUPTED, NOT_FINITE. */
export const makeMethodSet = async (work: SetWork): Promise<MethodSet> => {
  const { recipe, data, teachers, device, folders, surroundings, time } = work;
  const budget = budgetFor(recipe.method, recipe.ipc, data.task.classes, teachers.length);
  const { bases, compensators, curves } = isRival(recipe.method)
    ? await time("images", () => makeRival(work))
    : await time("compensators", () => makeInfer(work, budget));
  const set = await time("labels", () =>
    makeSet(recipe, data, teachers, budget, bases, compensators, device, folders.set, surroundings),
  );
  return { set, curves };
};
