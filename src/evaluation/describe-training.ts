// The training of students in words, from the records that it is made of.
import { describeCropping } from "../data/augment/cropping.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Budget, Training } from "../sets/index.ts";
import { plural } from "../support/format.ts";
import { describeMix } from "../tasks/mixup.ts";
import type { Task } from "../tasks/task.ts";
import { batchOf, stepsOf } from "./evaluate.ts";
import { optimiserOf, padOf, scheduleOf } from "./students.ts";

/** The students of a recipe on a set with labels of so many teachers, as its manifest says it. */
export const describeTraining = (recipe: Recipe, task: Task, budget: Budget, teachers: number): Training => {
  const { epochs, temperature, crop, mixup } = recipe.student;
  const on = { epoch: budget.trainingImages, teachers };
  const [steps, dynamic] = (["static", "dynamic"] as const).map((kind) => stepsOf(kind, on, recipe.student));
  return {
    optimiser: optimiserOf({ recipe }).about,
    schedule: scheduleOf(recipe, steps!).about,
    batches: `${plural(steps!, "step")} (with dynamic labels ${dynamic}) of ${batchOf(recipe, budget.ipc, task.classes)} images, in new random orders of all ${on.epoch} joined end to end; ${plural(epochs, "epoch")} of whole batches of ${recipe.student.batch}`,
    softLoss: task.losses.soft(temperature),
    hardLoss: task.losses.hard,
    augmentation: describeCropping(crop, padOf(task.image)),
    mixup: describeMix(mixup),
  };
};
