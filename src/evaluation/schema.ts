// The form of report.json and comparison.json, field by field.
import { z } from "zod";
import type { Comparison } from "./comparison.ts";
import type { Report } from "./rows.ts";

const number = (about: string) => z.number().describe(about);
const count = (about: string) => z.int().min(0).describe(about);
const text = (about: string) => z.string().describe(about);
/** A field that reports lack where it says nothing, or where an earlier version wrote them. */
const maybe = z.exactOptional;

const percent = (about: string) => z.number().min(0).max(100).describe(about);

const accuracy = (about: string) =>
  z
    .strictObject({
      values: z.array(z.number()).describe("one for each student, in the order of their seeds"),
      mean: z.number(),
      std: number("sample standard deviation; 0 of one student"),
    })
    .describe(about);

const share = number("part of all the steps: 0.125, 0.25, 0.5; 1 is the last step");
const method = text("name of a method; full stands for all the data");
const labels = z.enum(["static", "dynamic", "hard"]).describe("labels of the training images");
const student = text("full name of the student's network");

const labelled = {
  method,
  labels,
  ipc: maybe(count("budget, images a class; of comparisons")),
  variant: maybe(text("settings in which the set differs from the recipe; of comparisons")),
};

const row = z.strictObject({
  method,
  labels,
  student,
  images: count("images that the student was trained on"),
  steps: count("steps of its training"),
  accuracy: accuracy("test accuracy after the last step, per cent"),
  marks: maybe(
    z
      .array(z.strictObject({ share, steps: z.int(), accuracy: accuracy("test accuracy there, per cent") }))
      .describe("the same students on the way, by which nothing is chosen"),
  ),
  byClass: maybe(
    z
      .array(percent("per cent").nullable())
      .describe(
        "test accuracy of each class in the order of data.classNames, mean over the students; null without test images",
      ),
  ),
  seconds: maybe(number("training of one student, mean over the students, without compiling and measuring")),
});

const series = z.record(z.string(), z.array(z.number())).describe("named values over the steps");

const budget = z
  .strictObject({
    ipc: count("storage of so many images a class"),
    bases: count("K, stored images a class"),
    compensators: count("K V + U C of them"),
    perBase: count("V, compensators of a base set that all classes share"),
    perClass: count("U, compensators of a class that all its bases share"),
    trainingImages: count("images that a student sees"),
  })
  .describe("sizes of the set");

const bytes = {
  bases: count("base images"),
  compensators: count("compensators"),
  labels: count("labels"),
  manifest: count("manifest, decode.onnx and the card"),
  total: count("all files of the set"),
};

const shared = {
  distillery: text("version of the program"),
  data: z.strictObject({
    name: z.string(),
    classes: count("number of classes, C"),
    classNames: z.array(z.string()).describe("in the order of labels"),
    classWords: maybe(z.array(z.string()).describe("what people call each class, where names are identifiers")),
    train: count("training images, without those held out"),
    validation: count("images held out of the training split"),
    test: count("test images"),
    image: z.strictObject({ channels: z.literal(3), height: z.int(), width: z.int() }),
    skipped: count("images that could not be read"),
    ignored: count("files and folders that are no images of a class"),
  }),
  teachers: z.array(
    z.strictObject({
      architecture: z.string(),
      accuracy: percent("test accuracy after the last epoch, per cent"),
      accuracyViews: maybe(percent("the same by six views of each image")),
      validationAccuracy: number("per cent of the validation images").nullable(),
      chance: maybe(
        z
          .strictObject({
            accuracy: percent("per cent of the test images that are of the most frequent class"),
            images: count("test images"),
            verdict: z.enum(["better", "guessing", "too few"]).describe("of an exact binomial test at 1 %"),
          })
          .describe("what guessing gets, and whether the teacher is better"),
      ),
      epochs: maybe(count("absent of weights that were not trained here")),
      parameters: count("number of parameters"),
      bytes: count("file of the weights"),
      sha256: text("of that file"),
    }),
  ),
  reached: maybe(
    z
      .array(
        z.strictObject({
          ...labelled,
          student,
          accuracy: number("random images' after all steps, per cent"),
          at: maybe(z.strictObject({ share, steps: z.int() }).describe("absent where it is not reached")),
        }),
      )
      .describe("where each set first reaches the last accuracy of random images"),
  ),
  rankings: maybe(
    z
      .array(
        z.strictObject({
          ...labelled,
          tau: maybe(number("Kendall's tau-b with the order on all the data; absent where an order is all ties")),
          agreeing: count("pairs that both order alike"),
          pairs: count("all pairs"),
          students: count("students that were ranked, at least 3"),
        }),
      )
      .describe("how sets rank students"),
  ),
  retained: maybe(
    z
      .array(
        z.strictObject({
          ...labelled,
          student,
          share: maybe(number("accuracy as a part of that on all the data, 1 = all of it")),
          improvement: maybe(number("points above random images with the same labels: IOR of DD-Ranking")),
          recovery: maybe(number("points below all the data, hard labels on both sides: HLR of DD-Ranking")),
        }),
      )
      .describe("numbers by which sets are compared with those of others"),
  ),
  seconds: z.record(z.string(), z.number()).describe("by stage, over all the times that the work was taken up"),
  seed: z.int(),
  device: z.string(),
  hardware: z.strictObject({ cpu: z.string(), cores: z.int(), memoryGiB: z.number() }),
  recipe: z.record(z.string(), z.unknown()).describe("the complete recipe, as in recipe.yaml"),
  best: maybe(text("what the method `best` stood for, and why")),
  $schema: maybe(text("$id of the schema that the file is written by")),
};

/** Without images held out there is no validation accuracy, which JSON writes as null. */
export const reportSchema: z.ZodType<Omit<Report, "teachers">> = z.strictObject({
  format: z.literal("distillery-report"),
  version: z.literal(1),
  ...shared,
  set: maybe(
    z.strictObject({
      folder: text("the set's, as it was named where the program ran"),
      decoding: text("the rule of its rows and pixels, in words"),
    }),
  ),
  withoutRandom: maybe(text("why random images with static labels are not among the rows")),
  method: text("how the set was made"),
  pixels: z.enum(["natural", "crops", "from-natural", "from-noise"]).describe("where its pixels come from"),
  stored: maybe(
    z.strictObject({ height: z.int(), width: z.int() }).describe("size of a stored base, where that is another"),
  ),
  budget,
  bytes: z.strictObject({
    ...bytes,
    data: count("the training split at 8 bits"),
    teachers: count("weights that dynamic labels need; not in the set"),
  }),
  rows: z.array(row).describe("accuracies: a row for each set, kind of labels and student"),
  curves: z
    .array(
      z.strictObject({
        group: z.enum(["teacher", "set", "student"]),
        of: maybe(z.strictObject({ method, labels, student, seed: z.int() })),
        name: z.string(),
        steps: z.array(z.number()),
        series,
      }),
    )
    .describe("losses over steps, each point the mean of a stretch"),
});

export const comparisonSchema: z.ZodType<Omit<Comparison, "teachers">> = z.strictObject({
  format: z.literal("distillery-comparison"),
  version: z.literal(1),
  ...shared,
  bytes: z.strictObject({ data: count("the training split at 8 bits"), teachers: count("weights of all teachers") }),
  sets: z.array(
    z.strictObject({
      method,
      ipc: count("budget, images a class"),
      variant: labelled.variant,
      draw: maybe(count("number of the draw of first images; absent of the first")),
      folder: text("relative to the comparison's"),
      budget,
      bytes: z.strictObject(bytes),
      compensators: text("how they are stored"),
      labels: text("how they are stored"),
      iterations: maybe(count("steps of each part that is learnt by itself")),
      seconds: maybe(number("of making it, teachers apart; absent where other processes made it")),
      peakMemory: maybe(z.strictObject({ bytes: z.int(), by: z.enum(["VmHWM", "sampled"]) })),
    }),
  ),
  rows: z.array(row.extend({ ...labelled, bytes: count("what it takes to train so") })),
  pending: maybe(z.array(z.string()).describe("what has still to be trained on")),
  failed: maybe(z.array(z.string()).describe("sets whose jobs failed on every try, with the message")),
  folder: maybe(text("the comparison's, as it was named where the program ran")),
  command: text("does it again"),
});
