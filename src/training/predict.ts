// Running networks with fixed weights over images.
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
import type { Device } from "../runtime/index.ts";
import type { Context } from "../support/work/context.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { paceOf } from "../support/work/rehearsal.ts";
import type { NetworkTask, Score, Task } from "../tasks/task.ts";
import { inBatches } from "./in-batches.ts";
import { openOpaque } from "./opaque.ts";
import { readAhead } from "./read-ahead.ts";
import { type Frozen, frozenLogits } from "./train-step.ts";

/** A network with fixed weights, compiled. */
export interface Classifier {
  /** Logits [n, C], or whatever else its task puts out, of normalised images [n, 3, H, W], any n. */
  logits(images: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Batch size where nothing is learnt: as many images as 250 of 32 x 32 have pixels. */
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

/** Traces `rowsOf` over images of a task, `batch` at a time. */
export const traceRows = (
  task: NetworkTask,
  rowsOf: (images: Value) => Value,
  batch = imagesAtOnce(task),
): TracedRows =>
  trace({ images: float32(batch, 3, task.image.height, task.image.width) }, ({ images }) => ({ rows: rowsOf(images) }));

export const openRows = async (device: Device, traced: TracedRows): Promise<Rows> => {
  const { shape } = traced.inputs.images;
  const batch = shape[0]!;
  const pixels = sizeOf(shape) / batch;
  const size = traced.outputs.rows.shape[1]!;
  const compiled = await device.compile(traced);
  return {
    size,
    rows: (images) =>
      inBatches(images, { batch, pixels, size }, async (padded) => {
        const { rows }: { rows: Tensor } = await compiled.run({ images: tensor(padded, shape) });
        return floats(rows);
      }),
    release: () => compiled.release(),
  };
};

export const traceClassifier = (frozen: Frozen, batch?: number): TracedRows =>
  traceRows(frozen.model.task, (images) => frozenLogits(frozen, images), batch);

export const openClassifier = async (device: Device, frozen: Frozen, batch?: number): Promise<Classifier> => {
  const { opaque } = frozen.model;
  if (opaque !== undefined)
    return openOpaque(device, opaque, frozen.model.task, batch ?? imagesAtOnce(frozen.model.task));
  const { rows, release } = await openRows(device, traceClassifier(frozen, batch));
  return { logits: rows, release };
};

/** Opens a network for as long as `look` looks at it. */
export const withClassifier = async <T>(
  device: Device,
  frozen: Frozen,
  look: (classifier: Classifier) => Promise<T>,
  batch?: number,
): Promise<T> => {
  const classifier = await openClassifier(device, frozen, batch);
  try {
    return await look(classifier);
  } finally {
    await classifier.release();
  }
};

/** Scores a network on a split's images by the task's metric; NaN where there are none. */
export const scoreOn = async <Label>(
  classifier: Classifier,
  split: Split<ArrayLike<Label>>,
  { task, dataset }: { readonly task: Task<Label>; readonly dataset: Pick<Dataset, "normalisation"> },
  title: string,
  { progress, signal, rehearsal }: Context,
): Promise<Score<Label>> => {
  const { height, width } = task.image;
  const stretch = 4 * imagesAtOnce(task);
  const indicesOf = (i: number): Int32Array =>
    Int32Array.from({ length: Math.min(stretch, split.length - i * stretch) }, (_, k) => i * stretch + k);
  const count = Math.ceil(split.length / stretch);
  const images = readAhead(0, count, 1, async (i) =>
    normalise(await split.read(indicesOf(i)), dataset.normalisation, height, width),
  );
  const bar = progress.task(title, split.length);
  const pace = paceOf(rehearsal, title, count);
  try {
    let score = task.metric.start;
    for (let i = 0; i < count && pace.more(); i++) {
      stopIfAborted(signal, title);
      const outputs = await classifier.logits(await images.next());
      score = score.add(
        outputs,
        Array.from(indicesOf(i), (at) => split.labels[at]!),
      );
      bar.update(Math.min((i + 1) * stretch, split.length));
      pace.tick();
    }
    pace.end();
    return score;
  } finally {
    images.stop();
    bar.done();
  }
};

/** The number alone of such a score, in the metric's unit. */
export const measure = async <Label>(...asked: Parameters<typeof scoreOn<Label>>): Promise<number> =>
  (await scoreOn(...asked)).value;
