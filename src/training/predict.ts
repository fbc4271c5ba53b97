import {
  float32,
  floats,
  sizeOf,
  type Tensor,
  type TensorType,
  type Traced,
  tensor,
  trace,
  type Value,
} from "../autodiff/index.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import { normalise } from "../data/normalisation.ts";
import type { Task } from "../models/model.ts";
import type { Device } from "../runtime/index.ts";
import type { Context } from "../support/context.ts";
import { DistilleryError } from "../support/errors.ts";
import { readAhead } from "./read-ahead.ts";
import { type Frozen, frozenLogits } from "./train-step.ts";

/** A network with fixed weights, compiled. */
export interface Classifier {
  /** Logits [n, C] of normalised images [n, 3, H, W], any n. */
  logits(images: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** How many images go through a network together where nothing is learnt: as many as 250 of 32 x 32 have pixels. */
export const imagesAtOnce = ({ image: { height, width } }: Pick<Dataset, "image">): number =>
  Math.max(1, Math.min(250, Math.floor((250 * 32 * 32) / (height * width))));

/** A function of images [batch, 3, H, W] to rows [batch, F]. */
type TracedRows = Traced<{ images: TensorType }, { rows: TensorType }>;

/** A function of images to rows, compiled. */
export interface Rows {
  /** F. */
  readonly size: number;
  /** Rows [n, F] of normalised images [n, 3, H, W], any n. */
  rows(images: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** What `rowsOf` makes of images of a task, `batch` at a time. */
export const traceRows = (task: Task, rowsOf: (images: Value) => Value, batch = imagesAtOnce(task)): TracedRows =>
  trace({ images: float32(batch, 3, task.image.height, task.image.width) }, ({ images }) => ({ rows: rowsOf(images) }));

export const openRows = async (device: Device, traced: TracedRows): Promise<Rows> => {
  const { shape } = traced.inputs.images;
  const batch = shape[0]!;
  const pixels = sizeOf(shape) / batch;
  const size = traced.outputs.rows.shape[1]!;
  const compiled = await device.compile(traced);
  return {
    size,
    rows: async (images) => {
      const n = images.length / pixels;
      const out = new Float32Array(n * size);
      for (let from = 0; from < n; from += batch) {
        const count = Math.min(batch, n - from);
        const padded = new Float32Array(batch * pixels);
        padded.set(images.subarray(from * pixels, (from + count) * pixels));
        const { rows }: { rows: Tensor } = await compiled.run({ images: tensor(padded, shape) });
        out.set(floats(rows).subarray(0, count * size), from * size);
      }
      return out;
    },
    release: () => compiled.release(),
  };
};

export const traceClassifier = (frozen: Frozen, batch?: number): TracedRows =>
  traceRows(frozen.model.task, (images) => frozenLogits(frozen, images), batch);

export const openClassifier = async (device: Device, frozen: Frozen, batch?: number): Promise<Classifier> => {
  const { rows, release } = await openRows(device, traceClassifier(frozen, batch));
  return { logits: rows, release };
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
  { progress, signal }: Context,
): Promise<number> => {
  const stretch = 4 * imagesAtOnce(data);
  const images = readAhead(0, Math.ceil(split.length / stretch), 1, async (i) => {
    const length = Math.min(stretch, split.length - i * stretch);
    const pixels = await split.read(Int32Array.from({ length }, (_, k) => i * stretch + k));
    return normalise(pixels, data.normalisation, data.image.height, data.image.width);
  });
  const task = progress.task(title, split.length);
  try {
    let right = 0;
    for (let from = 0; from < split.length; from += stretch) {
      if (signal?.aborted) throw new DistilleryError("INTERRUPTED", `${title}: stopped; the same command resumes`);
      const best = argmaxRows(await classifier.logits(await images.next()), data.classes.length);
      best.forEach((c, i) => {
        if (c === split.labels[from + i]) right++;
      });
      task.update(from + best.length);
    }
    return (100 * right) / split.length;
  } finally {
    images.stop();
    task.done();
  }
};
