// Settings of students: their schema with its help, and their defaults.
import { aboveZero, atLeastZero, choice, group, whole } from "../support/fields.ts";
import type { Recipe } from "./recipe.ts";

export const cropping = (whose: string) =>
  choice(
    ["shift", "resize"],
    `how ${whose}'s images are cropped: shift (a few pixels), resize (a random part to the whole, as for photographs)`,
  );

/** The settings of a student in a recipe. */
export const studentSchema = group({
  epochs: whole(1, "epochs over the set (dynamic labels: divided by teachers + 1)"),
  batch: whole(1, "images per step of a student"),
  learningRate: aboveZero("highest learning rate of a student"),
  weightDecay: atLeastZero("weight decay of a student"),
  temperature: aboveZero("temperature of the soft labels"),
  crop: cropping("a student"),
  mixup: atLeastZero("parameter of mixup's Beta distribution; 0 switches it off"),
});

/** The settings of the training of one student on a set alone, beside its own. */
export const trainingSchema = group({
  labels: choice(["static", "hard"], "labels to learn from"),
  steps: whole(1, "steps, in place of epochs"),
  seed: whole(0, "seed of weights and batches"),
});

/** For a machine without a GPU. */
export const usualStudent: Recipe["student"] = {
  epochs: 400,
  batch: 64,
  learningRate: 1e-3,
  weightDecay: 0.01,
  temperature: 30,
  crop: "shift",
  mixup: 0.8,
};

/** On the demo images, on which the whole path takes minutes. */
export const demoStudent: Recipe["student"] = { ...usualStudent, epochs: 80 };

/** The default settings of a student of a set of this data. */
export const studentDefaults = (data: string): Recipe["student"] => (data === "demo" ? demoStudent : usualStudent);
