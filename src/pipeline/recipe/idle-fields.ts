// Fields that were given what means nothing beside the others.
import { idleFor } from "../../data/sources/source.ts";
import { methods } from "../../distill/registry.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { wantedTeacher } from "../../teachers/teacher-names.ts";
import { entriesOf } from "./entry.ts";
import { methodsOf } from "./method.ts";

/** `is for the methods infer, dm` where none of some methods takes steps. */
const idleSteps = (used: readonly string[]): string | undefined => {
  const steps = methods.filter(({ options }) => options.shape.iterations !== undefined).map(({ name }) => name);
  if (used.flatMap(methodsOf).some(({ name }) => steps.includes(name))) return undefined;
  return `is for the methods ${steps.join(", ")}, not for ${used.join(", ")}`;
};

const unless = (holds: boolean, where: string): string | undefined => (holds ? undefined : where);

/** A field of `teacher` that is read only where another has a certain value, or where a teacher is trained. */
const idleTeaching = (field: string, { teacher, teachers }: Recipe): string | undefined => {
  const { optimiser, crop } = teacher;
  if (field !== "views" && teachers.every((name) => wantedTeacher(name).kind !== "trained")) {
    return "is for teachers that are trained, and all of these come from files";
  }
  switch (field) {
    case "momentum":
      return unless(optimiser !== "adamw", "is for the optimisers sgd and muon, not for adamw");
    case "filterRate":
      return unless(optimiser === "muon", `is for the optimiser muon, not for ${optimiser}`);
    case "shift":
    case "fill":
      return unless(crop === "shift", `is for crops by shift, not by ${crop}`);
    default:
      return undefined;
  }
};

const inCompare = ({ compare }: Recipe, field: string): string | undefined => {
  if (field === "method") return "is for the other commands: compare makes the sets of --compare-methods";
  if (field !== "ipc") return undefined;
  return unless(
    compare.ipc === undefined,
    `is idle beside --compare-ipc ${compare.ipc}, the budgets that compare takes`,
  );
};

/**
 * Tells of a field that was given what it is for, to follow its name, if it means nothing to a command by a recipe;
 * undefined if it means something. Recipe files hold every field, so this is for those that someone asked for.
 */
export const idleField = (
  recipe: Recipe,
  [group, field]: readonly string[],
  command: "run" | "teach" | "distill" | "evaluate" | "compare",
): string | undefined => {
  const comparing = command === "compare";
  switch (group) {
    case "compare":
      return unless(comparing, "is for distillery compare");
    case "teacher":
      return idleTeaching(field ?? "", recipe);
    case "full":
      return unless(field === "epochs" || recipe.full.epochs > 0, "is idle where --full-epochs is 0");
    case "resize":
    case "skipUnreadable":
    case "test":
      return idleFor(recipe.data, group);
    case "method":
    case "ipc":
      return comparing ? inCompare(recipe, group) : undefined;
    case "iterations":
      return idleSteps(comparing ? entriesOf(recipe).map(({ method }) => method) : [recipe.method.name]);
    default:
      return undefined;
  }
};

/** A contradiction inside of a recipe, with the field that it is in; undefined where there is none. */
export const idleInRecipe = (recipe: Recipe): string | undefined => {
  const given = {
    resize: recipe.resize !== undefined,
    skipUnreadable: recipe.skipUnreadable,
    test: recipe.test !== undefined,
  };
  for (const option of ["resize", "skipUnreadable", "test"] as const) {
    const idle = given[option] ? idleFor(recipe.data, option) : undefined;
    if (idle !== undefined) return `${option} ${idle}`;
  }
  return undefined;
};
