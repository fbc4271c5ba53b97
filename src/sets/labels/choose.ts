// The ways to store labels, and the choice of the most faithful that fits.
import { type Layout, safetensorsBytes } from "../../codecs/safetensors.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type Axes, rowsOf, withAxes } from "../axes.ts";

/**
 * A way to store the logits of the training images.
 *
 * - `none`: they are not; hard labels follow from the classes, dynamic ones need the teachers.
 * - `logits`: all C of a row, as half floats (F16), or as 8 bits with a scale and an offset for each row (U8).
 * - `top-k`: a row's k largest as half floats, and one value for every other class, with which the softmax at
 *   `temperature` gives the others together the probability that they had.
 */
export type LabelChoice =
  | { readonly kind: "none" }
  | { readonly kind: "logits"; readonly dtype: "F16" | "U8" }
  | { readonly kind: "top-k"; readonly k: number; readonly temperature: number; readonly dtype: "F16" };

/**
 * The tensors of the labels' file for `rows` images of `classes` classes; none where there is no file. Names are such that
 * wider types come first in their order: other programs read tensors in place, at multiples of their width.
 */
export const labelLayout = (choice: LabelChoice, rows: number, classes: number): Layout => {
  switch (choice.kind) {
    case "none":
      return {};
    case "logits":
      return choice.dtype === "F16"
        ? { logits: { dtype: "F16", shape: [rows, classes] } }
        : {
            logits: { dtype: "U8", shape: [rows, classes] },
            logit_offsets: { dtype: "F16", shape: [rows] },
            logit_scales: { dtype: "F16", shape: [rows] },
          };
    case "top-k":
      return {
        top_classes: { dtype: classes <= 256 ? "U8" : "U16", shape: [rows, choice.k] },
        logits: { dtype: "F16", shape: [rows, choice.k] },
        rest: { dtype: "F16", shape: [rows] },
      };
  }
};

/** Bytes of the labels' file, exactly, its rows along `axes`; 0 for `none`. */
export const labelBytesOf = (choice: LabelChoice, axes: Axes, classes: number): number =>
  choice.kind === "none" ? 0 : safetensorsBytes(withAxes(labelLayout(choice, rowsOf(axes), classes), axes));

/** In words, e.g. "the 3 largest of 10 logits as half floats, the others alike (temperature 30)". */
export const describeLabels = (choice: LabelChoice, classes: number): string => {
  switch (choice.kind) {
    case "none":
      return "none";
    case "logits":
      return choice.dtype === "F16"
        ? "logits as half floats"
        : "logits at 8 bits, with a scale and an offset for each row";
    case "top-k":
      return `the ${choice.k} largest of ${classes} logits as half floats, the others alike (temperature ${choice.temperature})`;
  }
};

/** Every way to store logits, the most faithful first. */
const choices = (classes: number, temperature: number): LabelChoice[] => [
  { kind: "logits", dtype: "F16" },
  { kind: "logits", dtype: "U8" },
  ...Array.from(
    { length: classes - 1 },
    (_, i) => ({ kind: "top-k", k: classes - 1 - i, temperature, dtype: "F16" }) as const,
  ),
];

const smallestOf = (axes: Axes, classes: number, temperature: number): LabelChoice =>
  choices(classes, temperature).reduce((best, choice) =>
    labelBytesOf(choice, axes, classes) < labelBytesOf(best, axes, classes) ? choice : best,
  );

/** Bytes of the labels' file in the smallest way to store them. */
export const leastLabelBytes = (axes: Axes, classes: number, temperature: number): number =>
  labelBytesOf(smallestOf(axes, classes, temperature), axes, classes);

/**
 * The most faithful way to store the logits of the images along `axes` in a file of at most `most` bytes; half floats where
 * nothing limits them. `temperature` is the student's.
 * @throws DistilleryError BUDGET when no way is small enough, naming the bytes that the smallest needs.
 */
export const chooseLabels = (
  axes: Axes,
  classes: number,
  temperature: number,
  most = Number.POSITIVE_INFINITY,
): LabelChoice => {
  const all = choices(classes, temperature);
  const bytesOf = (choice: LabelChoice): number => labelBytesOf(choice, axes, classes);
  const chosen = all.find((choice) => bytesOf(choice) <= most);
  if (chosen !== undefined) return chosen;
  const smallest = smallestOf(axes, classes, temperature);
  throw new DistilleryError(
    "BUDGET",
    `labels of ${rowsOf(axes)} images and ${classes} classes do not fit into ${most} bytes: they need at least ${bytesOf(smallest)} (${describeLabels(smallest, classes)}); use --label-bytes ${bytesOf(smallest)} or more, or fewer images`,
  );
};
