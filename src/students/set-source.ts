// Images and labels of a set, as a student learns from them.
import type { Recipe } from "../recipe/recipe.ts";
import type { Device } from "../runtime/index.ts";
import type { Budget } from "../sets/budget.ts";
import { trainingLabels } from "../sets/labels/read.ts";
import type { DistilledSet } from "../sets/set.ts";
import { openImages } from "../sets/training-images.ts";
import { DistilleryError } from "../support/errors.ts";
import type { LabelKind, Source } from "./train-student.ts";

export interface SetSource extends Source {
  /** Frees what decodes the images. */
  release(): Promise<void>;
}

/** Opens a set's images, and its stored logits where static labels are among `kinds`. @throws SET where it has none. */
export const setSource = async (device: Device, set: DistilledSet, kinds: readonly LabelKind[]): Promise<SetSource> => {
  const labels = kinds.includes("static") ? trainingLabels(set) : undefined;
  if (kinds.includes("static") && labels === undefined) {
    throw new DistilleryError("SET", "the set stores no labels; leave static out of --labels, or make it with labels");
  }
  const { length, classes, read, release } = await openImages(set, device);
  return { length, classes, images: (rows) => read(rows), ...(labels && { logits: labels.read }), release };
};

/** Images of a step: at most as many as the set has the storage of. */
export const setBatch = ({ ipc }: Pick<Budget, "ipc">, classes: number, batch: number): number =>
  Math.min(batch, ipc * classes);

/** Steps of so many epochs over so many images, the last one of each filled up from the next. */
export const stepsOf = (images: number, { epochs, batch }: Pick<Recipe["student"], "epochs" | "batch">): number =>
  epochs * Math.ceil(images / batch);
