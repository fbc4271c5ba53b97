// Settings by which a student learns from a set alone.
import type { z } from "zod";
import { explainIssue } from "../recipe/explain-issue.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { studentDefaults, studentSchema, trainingSchema } from "../recipe/student.ts";
import type { DistilledSet, Manifest } from "../sets/set.ts";
import { DistilleryError } from "../support/errors.ts";
import { aboutOf } from "../support/fields.ts";
import { isObject } from "../support/json.ts";
import { setBatch, stepsOf } from "./set-source.ts";

/** Wishes for the training of a student; what is not said comes from the recipe that the set was made by. */
export interface TrainingWishes extends Partial<Recipe["student"]> {
  /** `static`, the stored ones, where the set has such; otherwise `hard`, its classes. */
  readonly labels?: "static" | "hard";
  /** In place of epochs. */
  readonly steps?: number;
  readonly seed?: number;
}

/** Everything that a student of a set depends on, besides the set, its architecture and the device. */
export interface TrainingPlan extends Omit<Recipe["student"], "epochs"> {
  readonly labels: "static" | "hard";
  readonly steps: number;
  readonly seed: number;
}

/** Values of named fields. @throws DistilleryError with `code` naming the first that cannot be, behind `whose`. */
const checked = <S extends Readonly<Record<string, z.ZodType>>>(
  schema: z.ZodObject<S, z.core.$strict>,
  values: Readonly<Record<string, unknown>>,
  whose: string,
  code: "SET" | "RECIPE",
): z.output<typeof schema> => {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = String(issue.path[0]);
  const why = explainIssue(issue, aboutOf(schema.shape[field]!).expects, values[field]);
  throw new DistilleryError(code, `${whose}${field}: ${why}`);
};

/** Settings of a student out of any fields, on top of others. */
const settingsOf = (
  under: Recipe["student"],
  fields: Readonly<Record<string, unknown>>,
  whose: string,
  code: "SET" | "RECIPE",
): Recipe["student"] => {
  const given = Object.keys(under).filter((name) => fields[name] !== undefined);
  const values = Object.fromEntries(given.map((name) => [name, fields[name]]));
  return checked(studentSchema, { ...under, ...values }, `${whose}student.`, code);
};

/** The training of students that a set was made with, completed with the defaults. */
const ownSettings = ({ recipe }: Manifest): Recipe["student"] => {
  const said = isObject(recipe.student) ? recipe.student : {};
  return settingsOf(studentDefaults(String(recipe.data)), said, "the recipe in the set's manifest: ", "SET");
};

/**
 * The plan of a student's training on a set. @throws SET where static labels are asked for that it does not store, RECIPE for a
 * wish that cannot be.
 */
export const planTraining = (set: DistilledSet, wishes: TrainingWishes = {}): TrainingPlan => {
  const { manifest } = set;
  const stored = manifest.labels.kind !== "none";
  const { labels = stored ? "static" : "hard", steps, seed = 0 } = wishes;
  if (labels === "static" && !stored) {
    throw new DistilleryError("SET", "the set stores no labels, so that there are no static ones; take --labels hard");
  }
  const { epochs, batch, ...settings } = settingsOf(ownSettings(manifest), { ...wishes }, "", "RECIPE");
  const own = checked(
    trainingSchema,
    { labels, steps: steps ?? stepsOf(manifest.budget.trainingImages, { epochs, batch }), seed },
    "",
    "RECIPE",
  );
  return {
    labels: own.labels,
    steps: own.steps,
    batch: setBatch(manifest.budget, manifest.classes.length, batch),
    ...settings,
    seed: own.seed,
  };
};
