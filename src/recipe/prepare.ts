// The data of a run, opened, split and fingerprinted.
import { createHash } from "node:crypto";
import type { Dataset, Split } from "../data/dataset.ts";
import { imagenetNormalisation, normalise } from "../data/normalisation.ts";
import { openDataset, type SourceOptions } from "../data/sources/source.ts";
import { holdOut } from "../data/split.ts";
import { keyOf } from "../support/key.ts";
import { stream } from "../support/random.ts";
import type { Context } from "../support/work/context.ts";
import { classification } from "../tasks/classification.ts";
import type { Task } from "../tasks/task.ts";
import type { ImageSource } from "../training/image-source.ts";
import type { Recipe } from "./recipe.ts";

/** The data of a run, with some training images held out to watch teachers by. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly train: Split;
  readonly validation: Split;
  readonly task: Task;
  /** Digest of classes, labels and pixels, or of the files that those come from. */
  readonly fingerprint: string;
}

/** sha256 of a split's labels and pixels, or what a large split knows to stand for them. */
const digestOf = async (split: Split): Promise<string> => {
  if (split.digest !== undefined) return split.digest;
  const hash = createHash("sha256").update(new Uint8Array(split.labels.slice().buffer));
  const stretch = 1000;
  for (let from = 0; from < split.length; from += stretch) {
    const indices = Int32Array.from({ length: Math.min(stretch, split.length - from) }, (_, i) => from + i);
    hash.update(await split.read(indices));
  }
  return hash.digest("hex");
};

export const prepareData = async (
  recipe: Recipe,
  { archive, maxPixels, ...context }: Context & Pick<SourceOptions, "archive" | "maxPixels">,
): Promise<Prepared> => {
  const opened = await openDataset(recipe.data, {
    seed: recipe.seed,
    ...(recipe.resize === undefined ? {} : { resize: recipe.resize }),
    skipUnreadable: recipe.skipUnreadable,
    ...(recipe.test === undefined ? {} : { test: recipe.test }),
    ...(archive === undefined ? {} : { archive }),
    ...(maxPixels === undefined ? {} : { maxPixels }),
    download: false,
    ...context,
  });
  const dataset: Dataset =
    recipe.normalisation === "imagenet" ? { ...opened, normalisation: imagenetNormalisation } : opened;
  const { classes, image, normalisation, train, test } = dataset;
  const task: Task = { ...classification(classes.length, image), normalisation };
  return {
    dataset,
    ...holdOut(train, task, recipe.validation, stream(recipe.seed, "validation")),
    task,
    fingerprint: keyOf({ classes, image, normalisation, train: await digestOf(train), test: await digestOf(test) }),
  };
};

/** The training images, normalised. */
export const imageSource = ({ dataset, train, task }: Prepared): ImageSource => ({
  length: train.length,
  images: async (indices) =>
    normalise(await train.read(indices), dataset.normalisation, task.image.height, task.image.width),
});
