// Everything that can be set, as one schema with its help.
import { z } from "zod";
import type { Recipe } from "../../recipe/recipe.ts";
import { cropping, studentSchema } from "../../recipe/student.ts";
import { deviceNames } from "../../runtime/index.ts";
import {
  type About,
  aboutOf,
  aboveZero,
  atLeastZero,
  belowOne,
  choice,
  described,
  flag,
  group,
  names,
  unique,
  whole,
} from "../../support/fields.ts";
import { distinctEntries, entrySchema, storageFields } from "./entry.ts";
import { methodNames, methodSchema } from "./method.ts";

const leastSteps = (whose: string, over: string) =>
  described(
    z.exactOptional(z.int().min(1)),
    "a whole number of at least 1",
    `steps of ${whose} at least: few images get more epochs, unless ${over} is given`,
  );
const labelKinds = ["static", "dynamic", "hard"] as const;

/** The one definition of what a recipe may hold; recipe files and command-line options are both checked by it. */
export const recipeSchema = group({
  data: described(
    z.string().regex(/\S/),
    "demo, cifar10, cifar100 or the path of an image folder",
    "demo, cifar10, cifar100 or an image folder",
    { placeholder: "name|folder" },
  ),
  resize: described(
    z.exactOptional(z.int().min(8).max(1024)),
    "a whole number from 8 to 1024",
    "resize the images of a folder to this many pixels a side",
  ),
  skipUnreadable: flag("leave out images that cannot be read, and count them"),
  test: described(
    z.exactOptional(z.number().positive().max(0.9)),
    "a number above 0, up to 0.9",
    "for a folder of <class>/* without test images: the fraction of every class's that become such",
  ),
  normalisation: choice(
    ["data", "imagenet"],
    "means and deviations of colours: those of the data, or for weights from elsewhere ImageNet's: data, imagenet",
  ),
  validation: described(
    z.number().min(0).max(0.5),
    "a number from 0 to 0.5",
    "fraction of the training images held out to watch teachers by",
  ),
  method: methodSchema,
  ipc: whole(1, "images per class that the set may cost"),
  teachers: names(
    "architectures trained on the full data, files made by teach, ONNX files, or ARCH=FILE.safetensors: torchvision's weights",
  ),
  students: described(
    z.array(z.string().min(1)).min(1).refine(unique),
    "a list of at least one architecture name, each at most once",
    "architectures, ONNX files or modules (mine.mjs) trained on the set; of three or more, how it ranks them as all the data do",
  ),
  labels: described(
    z.array(z.enum(labelKinds)).min(1).refine(unique),
    "a list of static, dynamic or hard, each at most once",
    "kinds of labels the students learn from: static, dynamic, hard",
  ),
  iterations: described(
    z.exactOptional(z.int().min(1)),
    "a whole number of at least 1",
    "steps of methods that optimise, in place of each one's own default",
  ),
  ...storageFields,
  seeds: whole(1, "how many times each student is trained"),
  seed: whole(0, "the number from which all randomness follows"),
  draw: described(
    z.exactOptional(z.int().min(0)),
    "a whole number of at least 0",
    "which draw of real images a set begins with; networks and students stay the same",
  ),
  device: choice(deviceNames, `where the numbers are crunched: ${deviceNames.join(", ")}`),
  teacher: group({
    epochs: whole(1, "epochs a teacher is trained"),
    batch: whole(1, "images per step of a teacher"),
    minSteps: leastSteps("a teacher", "--teacher-epochs"),
    optimiser: choice(["sgd", "adamw", "muon"], "how a teacher learns: sgd, adamw, muon (filters) with sgd"),
    learningRate: aboveZero("highest learning rate of a teacher"),
    weightDecay: atLeastZero("weight decay of a teacher"),
    momentum: belowOne("momentum of sgd"),
    filterRate: aboveZero("highest learning rate of convolution filters under muon"),
    biasRate: aboveZero("learning rate of batch norm's shifts, as a multiple of the others'"),
    schedule: choice(
      ["cosine", "one-cycle", "triangle"],
      "course of a teacher's learning rate: cosine, one-cycle, triangle",
    ),
    labelSmoothing: belowOne("label smoothing of a teacher"),
    lookahead: flag("draw a teacher's weights to their running average every 5 steps"),
    crop: cropping("a teacher"),
    flip: choice(
      ["random", "alternating"],
      "which images are mirrored: random ones, or each in every second epoch (alternating)",
    ),
    shift: described(
      z.number().min(0).max(0.5),
      "a number from 0 to 0.5",
      "how far images are shifted at most, as a fraction of their height",
    ),
    fill: choice(["zeros", "reflect"], "what comes in when images are shifted: zeros (the mean colour), reflect"),
    views: flag("also report a teacher's test accuracy with six views of each image"),
    watch: choice(["none", "validation", "test"], "measure a teacher after every epoch: none, validation, test"),
  }),
  student: studentSchema,
  full: group({
    epochs: whole(0, "epochs of the students on the full data; 0 leaves them out"),
    batch: whole(1, "images per step of the students on the full data"),
    minSteps: leastSteps("a student on the full data", "--full-epochs"),
  }),
  compare: group({
    methods: described(
      z.array(entrySchema).min(1).refine(distinctEntries),
      `a list of ${methodNames.join(", ")}, each at most once, or with its own options, labelBytes or setBytes as in "infer labelBytes=4KB bases=confidence"`,
      'methods to compare, by the names of --method; one may differ from the recipe, e.g. "infer labelBytes=4KB"',
    ),
    ipc: described(
      z.exactOptional(z.array(z.int().min(1)).min(1).refine(unique)),
      "a list of different whole numbers of at least 1",
      "budgets to compare them at, e.g. 1,10,50 (--ipc)",
    ),
    draws: described(
      z.exactOptional(z.int().min(1)),
      "a whole number of at least 1",
      "draws of first images: so many sets of each method, whose students make one row",
    ),
  }),
}) satisfies z.ZodType<Recipe>;

/** One field that holds a value, i.e. not a group. */
export interface RecipeField extends About {
  /** e.g. ["student", "learningRate"]. */
  readonly path: readonly string[];
  readonly kind: "number" | "text" | "list" | "numbers" | "flag";
  readonly schema: z.ZodType;
}

const kindOf = (schema: z.ZodType): RecipeField["kind"] => {
  const inner = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodNumber) return "number";
  if (inner instanceof z.ZodArray) return inner.element instanceof z.ZodNumber ? "numbers" : "list";
  return inner instanceof z.ZodBoolean ? "flag" : "text";
};

const fieldsOf = (shape: z.ZodRawShape, prefix: readonly string[]): RecipeField[] =>
  Object.entries(shape).flatMap(([name, schema]) => {
    const path = [...prefix, name];
    if (schema instanceof z.ZodObject) return fieldsOf(schema.shape, path);
    const field = schema as z.ZodType;
    return [{ ...aboutOf(field), path, kind: kindOf(field), schema: field }];
  });

/** Every field of a recipe, in the order of a recipe file. */
export const recipeFields: readonly RecipeField[] = fieldsOf(recipeSchema.shape, []);

/** The schema that a path leads to, or the list around it when the path goes into a list. */
export const schemaAt = (path: readonly PropertyKey[]): z.ZodType => {
  let at: z.ZodType = recipeSchema;
  for (const step of path) {
    const next: unknown = at instanceof z.ZodObject ? at.shape[String(step)] : undefined;
    if (!(next instanceof z.ZodType)) break;
    at = next;
  }
  return at;
};

/** What is expected at a path, to follow "expected". */
export const expectationAt = (path: readonly PropertyKey[]): string => aboutOf(schemaAt(path)).expects;
