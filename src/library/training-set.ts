// A distilled set as its users see it: images, labels and logits by rows.
import type { Device } from "../runtime/index.ts";
import { trainingLabels } from "../sets/labels/read.ts";
import type { DistilledSet, Manifest } from "../sets/set.ts";
import { openImages } from "../sets/training-images.ts";
import { DistilleryError } from "../support/errors.ts";
import { lazy } from "../support/lazy.ts";
import { stream } from "../support/random.ts";

/** Rows of a set with all that is known of them; n of them, C classes. */
export interface Batch {
  readonly rows: Int32Array;
  /** Normalised, [n, 3, H, W]. */
  readonly images: Float32Array;
  /** Index of each one's class, [n]. */
  readonly labels: Int32Array;
  /** The teachers' mean logits, [n, C]; absent where the set stores none. */
  readonly logits?: Float32Array;
}

/** An opened set. Close it when it is no longer needed, or declare it by `await using`. */
export interface TrainingSet extends AsyncDisposable {
  /** The set as it lies on disk. */
  readonly stored: DistilledSet;
  /** Everything that the set says of itself. */
  readonly manifest: Manifest;
  /** Names of the classes; a class's index is its label. */
  readonly classes: readonly string[];
  /** Pixels. */
  readonly image: Manifest["image"];
  /** Training images are (pixel / 255 - mean) / std, by channels. */
  readonly normalisation: Manifest["normalisation"];
  /** Number of training images. */
  readonly length: number;
  /** Index of every image's class, [length]. */
  readonly labels: Int32Array;
  /** True where the teachers' logits are stored. */
  readonly hasLogits: boolean;
  /** Normalised images of some rows, of all by default, [n, 3, H, W]. @throws USAGE for a row that there is not. */
  images(rows?: ArrayLike<number>): Promise<Float32Array>;
  /** The teachers' mean logits of some rows, of all by default, [n, C]. @throws SET where the set stores none. */
  logits(rows?: ArrayLike<number>): Float32Array;
  /** All images once, `size` at a time, the last batch with what is left; in the order of a seed, or as they are stored. */
  batches(size: number, seed?: number): AsyncGenerator<Batch, void, undefined>;
  close(): Promise<void>;
}

const checkRows = (rows: ArrayLike<number>, length: number): void => {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= length) {
      throw new DistilleryError("USAGE", `row ${row}: expected a whole number from 0 to ${length - 1}`);
    }
  }
};

/** The rows of a set in memory; its images are decoded on a device, which is opened when the first are asked for. */
export const trainingSetOf = (set: DistilledSet, openDevice: () => Promise<Device>): TrainingSet => {
  const { manifest } = set;
  const { classes, image, normalisation, budget } = manifest;
  const length = budget.trainingImages;
  const labels = Int32Array.from({ length }, (_, row) => row % classes.length);
  const teachers = trainingLabels(set);
  const all = Int32Array.from({ length }, (_, row) => row);
  const opened = lazy(async () => {
    const device = await openDevice();
    try {
      return { device, images: await openImages(set, device) };
    } catch (error) {
      await device.close();
      throw error;
    }
  });
  const images: TrainingSet["images"] = async (rows = all) => {
    checkRows(rows, length);
    return (await opened.get()).images.read(rows);
  };
  const logits: TrainingSet["logits"] = (rows = all) => {
    checkRows(rows, length);
    if (teachers === undefined) throw new DistilleryError("SET", "the set stores no logits; use its labels");
    return teachers.read(rows);
  };
  const close = async (): Promise<void> => {
    const now = await opened.take();
    await now?.images.release();
    await now?.device.close();
  };
  return {
    stored: set,
    manifest,
    classes,
    image,
    normalisation,
    length,
    labels,
    hasLogits: teachers !== undefined,
    images,
    logits,
    async *batches(size, seed) {
      if (!Number.isInteger(size) || size < 1) {
        throw new DistilleryError("USAGE", `batch of ${size}: expected a whole number of at least 1`);
      }
      const order = seed === undefined ? all : stream(seed, "batches").permutation(length);
      for (let from = 0; from < length; from += size) {
        const rows = order.slice(from, from + size);
        yield {
          rows,
          images: await images(rows),
          labels: rows.map((row) => labels[row]!),
          ...(teachers && { logits: logits(rows) }),
        };
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
