import { float32, type Tensor, tensor, trace } from "../autodiff/index.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import { normalise } from "../data/normalisation.ts";
import type { Device } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Surroundings } from "./loop.ts";
import { type Frozen, frozenLogits } from "./train-step.ts";

/** A network with fixed weights, compiled. */
export interface Classifier {
  /** Logits [n, C] of normalised images [n, 3, H, W], any n. */
  logits(images: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

const defaultBatch = 250;

export const openClassifier = async (device: Device, frozen: Frozen, batch = defaultBatch): Promise<Classifier> => {
  const { classes, image } = frozen.model.task;
  const size = 3 * image.height * image.width;
  const compiled = await device.compile(
    trace({ images: float32(batch, 3, image.height, image.width) }, ({ images }) => ({
      logits: frozenLogits(frozen, images),
    })),
  );
  return {
    logits: async (images) => {
      const n = images.length / size;
      const out = new Float32Array(n * classes);
      for (let from = 0; from < n; from += batch) {
        const count = Math.min(batch, n - from);
        const padded = new Float32Array(batch * size);
        padded.set(images.subarray(from * size, (from + count) * size));
        const { logits }: { logits: Tensor } = await compiled.run({
          images: tensor(padded, [batch, 3, image.height, image.width]),
        });
        out.set((logits.data as Float32Array).subarray(0, count * classes), from * classes);
      }
      return out;
    },
    release: () => compiled.release(),
  };
};

/** Index of the largest of each row's C numbers. */
export const argmaxRows = (rows: Float32Array, classes: number): Int32Array => {
  const best = new Int32Array(rows.length / classes);
  for (let i = 0; i < best.length; i++) {
    for (let c = 1; c < classes; c++) if (rows[i * classes + c]! > rows[i * classes + best[i]!]!) best[i] = c;
  }
  return best;
};

/** Per cent of a split's images that the classifier gets right. */
export const accuracyOf = async (
  classifier: Classifier,
  split: Split,
  data: Pick<Dataset, "normalisation" | "image" | "classes">,
  title: string,
  { progress, signal }: Surroundings,
): Promise<number> => {
  const task = progress.task(title, split.length);
  let right = 0;
  for (let from = 0; from < split.length; from += 4 * defaultBatch) {
    if (signal?.aborted) throw new DistilleryError("INTERRUPTED", `${title}: stopped; the same command resumes`);
    const indices = Int32Array.from({ length: Math.min(4 * defaultBatch, split.length - from) }, (_, i) => from + i);
    const images = normalise(await split.read(indices), data.normalisation, data.image.height, data.image.width);
    argmaxRows(await classifier.logits(images), data.classes.length).forEach((c, i) => {
      if (c === split.labels[from + i]) right++;
    });
    task.update(from + indices.length);
  }
  task.done();
  return (100 * right) / split.length;
};
