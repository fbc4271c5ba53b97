// The training of students in words, from the records that it is made of.
import { describeCropping } from "../data/augment/cropping.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Budget, Training } from "../sets/index.ts";
import { setBatch } from "../students/set-source.ts";
import { optimiserOf, padOf, scheduleOf } from "../students/train-student.ts";
import { plural } from "../support/format.ts";
import { describeMix } from "../tasks/mixup.ts";
import type { Task } from "../tasks/task.ts";
import { studentSteps } from "./evaluate.ts";

/** The students of a recipe on a set with labels of so many teachers, as its manifest says it. */
export const describeTraining = (
  recipe: Pick<Recipe, "student">,
  task: Task,
  budget: Budget,
  teachers: number,
): Training => {
  const { epochs, batch, temperature, crop, mixup } = recipe.student;
  const on = { epoch: budget.trainingImages, teachers };
  const [steps, dynamic] = (["static", "dynamic"] as const).map((kind) => studentSteps(kind, on, recipe.student));
  return {
    optimiser: optimiserOf(recipe.student).about,
    schedule: scheduleOf(recipe.student, steps!).about,
    batches: `${plural(steps!, "step")} (with dynamic labels ${dynamic}) of ${setBatch(budget, task.classes, batch)} images, in new random orders of all ${on.epoch} joined end to end; ${plural(epochs, "epoch")} of whole batches of ${batch}`,
    softLoss: task.lossWords.soft(temperature),
    hardLoss: task.lossWords.hard,
    augmentation: describeCropping(crop, padOf(task.image)),
    mixup: describeMix(mixup),
  };
};
