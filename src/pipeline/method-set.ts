import { methodsByName } from "../distill/methods/registry.ts";
import type { Curve } from "../evaluation/rows.ts";
import { budgetFor, type DistilledSet, hasCompensators, type Method as MethodName, mayCopy } from "../sets/index.ts";
import type { Stage } from "../teachers/stage.ts";
import { makeSet } from "./set.ts";

/** Stages of making a set, each of which is timed. */
export type TimedStage = "compensators" | "images" | "labels";

/** What a set is made from; `recipe` says by which method and for which budget. */
export interface SetWork extends Omit<Stage, "folder"> {
  readonly folders: {
    /** INFER's compensators. */
    readonly compensators: string;
    /** A rival's own. */
    readonly images: string;
    readonly set: string;
  };
  time<T>(stage: TimedStage, work: () => Promise<T>): Promise<T>;
}

export interface MethodSet {
  readonly set: DistilledSet;
  /** What was measured while it was optimised. */
  readonly curves: readonly Curve[];
}

/** Where a method works, and as what its time and its curves count. */
const stageOf = (method: MethodName) =>
  hasCompensators(method) || mayCopy(method)
    ? ({ stage: "compensators", group: "compensator" } as const)
    : ({ stage: "images", group: "image" } as const);

/** A set by the recipe's method, finished work taken up. @throws BUDGET, INTERRUPTED, NOT_FINITE. */
export const makeMethodSet = async (work: SetWork): Promise<MethodSet> => {
  const { recipe, data, teachers, folders, time } = work;
  const budget = budgetFor(recipe.method, recipe.ipc, data.task.classes, teachers.length);
  const { stage, group } = stageOf(recipe.method);
  const made = await time(stage, () => methodsByName[recipe.method].make({ ...work, folder: folders[stage] }));
  const { bases, compensators = new Float32Array(0) } = made;
  const set = await time("labels", () => makeSet({ ...work, folder: folders.set }, budget, bases, compensators));
  return { set, curves: made.curves.map(({ name, history }): Curve => ({ group, name, ...history })) };
};
