// A teacher's description in its own file.
import { z } from "zod";
import { classNames, imageSize, normalisationValues } from "../data/description.ts";
import { DistilleryError } from "../support/errors.ts";
import { reasonOf } from "../support/files.ts";
import { parseJson } from "../support/json.ts";
import { expected, fieldsOf, firstProblem, numberIn, textOf, wholeIn } from "../support/schema.ts";

export const percent = numberIn(0, 100);
/** JSON has no NaN, which is the accuracy on no images. */
export const percentOrNone = z.union([percent, z.null()], expected("a number from 0 to 100, or null"));

const numbers = z.array(z.number(expected("a number")), expected("a list of numbers"));

const history = fieldsOf({
  steps: numbers,
  series: z.record(z.string(), numbers, expected("lists of numbers by name")),
}).refine(({ steps, series }) => Object.values(series).every(({ length }) => length === steps.length), {
  error: "expected as many values in each of its series as it has steps",
});

const cardSchema = fieldsOf({
  /** Digest of everything that determines the weights. */
  key: textOf(1, 200),
  architecture: textOf(1, 200),
  classes: classNames,
  image: imageSize,
  normalisation: normalisationValues,
  accuracy: percent,
  accuracyViews: z.exactOptional(percent),
  validationAccuracy: percentOrNone,
  epochs: z.exactOptional(wholeIn(0, 1_000_000_000)),
  history,
});

/** Describes a teacher in its own file, as JSON under the key "teacher" of its metadata. */
export type TeacherCard = z.infer<typeof cardSchema>;

/** The error for a card of which `what` is wrong: " is not JSON", ": accuracy: expected ...". */
export const damagedCard = (file: string, what: string, cause?: unknown): DistilleryError =>
  new DistilleryError(
    "CHECKPOINT",
    `${file}: its metadata "teacher"${what}; the file is damaged: make it again with distillery teach, or fetch it again`,
    { cause },
  );

/** @throws DistilleryError CHECKPOINT, naming `file` and the field of its metadata that cannot be right. */
export const parseCard = (text: string, file: string): TeacherCard => {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw damagedCard(file, ` ${reasonOf(cause)}`, cause);
  }
  const result = cardSchema.safeParse(value);
  if (!result.success) throw damagedCard(file, `: ${firstProblem(result.error)}`);
  return result.data;
};
