// A set by a recipe's method.
import { budgetFor, layoutFor, type MethodStage } from "../distill/method.ts";
import type { Curve } from "../evaluation/rows.ts";
import type { DistilledSet } from "../sets/index.ts";
import type { Stage } from "../teachers/stage.ts";
import { methodOf } from "./recipe/method.ts";
import { makeSet } from "./set.ts";

/** Stages of making a set, each of which is timed. */
export type TimedStage = "distil" | "labels";

/** What a set is made from; `recipe` says by which method and for which budget. */
export interface SetWork extends Omit<Stage, "folder"> {
  readonly folders: {
    /** The folder that the method works in. */
    readonly work: string;
    /** The folder that all methods of a comparison share. */
    readonly shared: string;
    readonly set: string;
  };
  time<T>(stage: TimedStage, work: () => Promise<T>): Promise<T>;
}

export interface MethodSet {
  readonly set: DistilledSet;
  /** What was measured while it was optimised. */
  readonly curves: readonly Curve[];
}

/** A set by the recipe's method, finished work taken up. @throws BUDGET, INTERRUPTED, NOT_FINITE. */
export const makeMethodSet = async (work: SetWork): Promise<MethodSet> => {
  const { recipe, data, teachers, folders, time } = work;
  const method = methodOf(recipe.method);
  const budget = budgetFor(method, recipe.method, recipe.ipc, data.task.classes, teachers.length);
  const stage: MethodStage = {
    ...work,
    folder: folders.work,
    shared: folders.shared,
    layout: layoutFor(recipe.method, budget, data),
  };
  const made = await time("distil", () => method.make(stage, recipe.method));
  const set = await time("labels", () => makeSet({ ...work, folder: folders.set }, folders.work, method, budget, made));
  return { set, curves: made.curves.map(({ name, history }): Curve => ({ group: "set", name, ...history })) };
};
