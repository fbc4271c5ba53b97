// Field by field, what a manifest may say.
import { z } from "zod";
import { classNames, imageSize, normalisationValues } from "../../data/description.ts";
import { expected, fieldsOf, hashText, listOf, numberIn, textOf, wholeIn, wordOf } from "../../support/schema.ts";
import { compensatorDtypes } from "../compensator-codec.ts";
import { origins } from "../pixels.ts";

const name = textOf(1, 4096);
const count = wholeIn(1, 100_000_000);
const words = textOf(0, 10_000);
const seed = wholeIn(0, Number.MAX_SAFE_INTEGER);

/** Lists the fields that a reader may rely on; a recipe has many more. */
const recipe = z.looseObject(
  {
    data: name,
    ipc: count,
    seed: z.exactOptional(seed),
  },
  expected("a recipe"),
);

const labels = z.discriminatedUnion(
  "kind",
  [
    fieldsOf({ kind: z.literal("none") }),
    fieldsOf({ kind: z.literal("logits"), dtype: wordOf(["F16", "U8"]) }),
    fieldsOf({
      kind: z.literal("top-k"),
      k: count,
      temperature: z.number(expected("a number above 0")).positive(expected("a number above 0")),
      dtype: wordOf(["F16"]),
    }),
  ],
  expected("the kind none, logits or top-k, and its fields"),
);

const part = fieldsOf({
  holds: wordOf(["bases", "compensators", "labels", "decoder"]),
  // As many as Node reads at once.
  bytes: wholeIn(1, 2 ** 31 - 1),
  sha256: hashText,
});

/** Field by field, what a manifest may say; manifest.ts checks whether the fields agree with each other. */
export const manifestSchema = fieldsOf({
  format: z.literal("distillery-set"),
  version: z.literal(6),
  data: name,
  method: textOf(1, 200),
  pixels: wordOf(origins),
  classes: classNames,
  words: z.exactOptional(listOf(textOf(0, 10_000), 1, 65_536)),
  image: imageSize,
  normalisation: normalisationValues,
  budget: fieldsOf({
    ipc: count,
    bases: count,
    compensators: wholeIn(0, 100_000_000),
    perBase: wholeIn(0, 100_000_000),
    perClass: wholeIn(0, 100_000_000),
    trainingImages: count,
  }),
  storage: fieldsOf({ kind: textOf(1, 200), ...imageSize.shape }),
  decoding: words,
  undecoded: z.exactOptional(z.literal(true, expected("true, or nothing"))),
  unnamedAxes: z.exactOptional(z.literal(true, expected("true, or nothing"))),
  training: z.exactOptional(
    fieldsOf({
      optimiser: words,
      schedule: words,
      batches: words,
      softLoss: words,
      hardLoss: words,
      augmentation: words,
      mixup: words,
    }),
  ),
  compensators: fieldsOf({ dtype: wordOf(["none", ...compensatorDtypes]) }),
  labels,
  teachers: listOf(fieldsOf({ architecture: textOf(1, 200), accuracy: numberIn(0, 100), sha256: hashText }), 0, 1000),
  recipe,
  seed,
  notice: words,
  card: z.exactOptional(fieldsOf({ bytes: wholeIn(1, 100_000), sha256: hashText })),
  parts: z.record(z.string(), part, expected("bytes and sha256 of each file")),
  sha256: hashText,
});
