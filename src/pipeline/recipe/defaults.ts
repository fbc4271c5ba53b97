// Default values of a recipe's fields.
import type { Recipe } from "../../recipe/recipe.ts";
import { demoStudent, usualStudent } from "../../recipe/student.ts";

export type RecipeDefaults = Omit<Recipe, "data" | "resize" | "test" | "labelBytes" | "setBytes">;

/** Steps after which networks of six classes with 60 images each are far above guessing, as docs/your-own-data.md measures. */
const leastSteps = 600;

/** For real data: the method's own settings where they fit, a student's length chosen for a machine without a GPU. */
const general: RecipeDefaults = {
  skipUnreadable: false,
  normalisation: "data",
  validation: 0.02,
  method: { name: "infer" },
  ipc: 10,
  teachers: ["convnet", "convnet64x2"],
  students: ["convnet"],
  labels: ["static"],
  seeds: 3,
  seed: 0,
  device: "cpu",
  teacher: {
    epochs: 10,
    minSteps: leastSteps,
    batch: 64,
    optimiser: "sgd",
    learningRate: 0.05,
    weightDecay: 5e-4,
    momentum: 0.9,
    filterRate: 0.24,
    biasRate: 1,
    schedule: "one-cycle",
    labelSmoothing: 0,
    lookahead: false,
    crop: "shift",
    flip: "random",
    shift: 0.125,
    fill: "zeros",
    views: false,
    watch: "none",
  },
  student: usualStudent,
  full: { epochs: 6, minSteps: leastSteps, batch: 64 },
  compare: { methods: ["infer", "infer-copies", "infer-noise", "random", "herding", "rded", "sre2l", "dm"] },
};

/** Epochs as they are, however few steps that are. */
export const withoutLeast = <Group extends { readonly minSteps?: number }>({ minSteps: _, ...group }: Group) => group;

/** The whole path on the demo images has to end within three minutes on two cores. */
const demo: RecipeDefaults = {
  ...general,
  teachers: ["convnet64", "convnet32x2"],
  students: ["convnet32"],
  iterations: 200,
  teacher: { ...withoutLeast(general.teacher), epochs: 4 },
  student: demoStudent,
  full: { ...withoutLeast(general.full), epochs: 7 },
};

/** What a recipe on this data holds where nothing else is said. */
export const defaultsFor = (data: string): RecipeDefaults => (data === "demo" ? demo : general);
