import type { Dataset, Split } from "../data/dataset.ts";
import { openDataset } from "../data/source.ts";
import { holdOut } from "../data/split.ts";
import type { Task } from "../models/model.ts";
import { sha256 } from "../support/files.ts";
import { stream } from "../support/random.ts";
import type { Surroundings } from "../training/loop.ts";
import { keyOf } from "./key.ts";
import type { Recipe } from "./recipe.ts";

/** The data of a run, with some training images held out to watch teachers by. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly train: Split;
  readonly validation: Split;
  readonly task: Task;
  /** Digest of classes, labels and pixel statistics of the images. */
  readonly fingerprint: string;
}

export const prepareData = async (
  recipe: Recipe,
  { archive, ...surroundings }: Surroundings & { readonly archive?: string },
): Promise<Prepared> => {
  const dataset = await openDataset(recipe.data, {
    seed: recipe.seed,
    ...(recipe.resize === undefined ? {} : { resize: recipe.resize }),
    skipUnreadable: recipe.skipUnreadable,
    ...(archive === undefined ? {} : { archive }),
    download: false,
    ...surroundings,
  });
  const { classes, image, normalisation, train, test } = dataset;
  const bytes = (labels: Int32Array): Uint8Array => new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  return {
    dataset,
    ...holdOut(train, recipe.validation, stream(recipe.seed, "validation")),
    task: { classes: classes.length, image },
    fingerprint: keyOf({
      classes,
      image,
      normalisation,
      train: sha256(bytes(train.labels)),
      test: sha256(bytes(test.labels)),
    }),
  };
};
