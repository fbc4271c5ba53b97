// The training images and labels of a set, as exports are given them.
import { z } from "zod";
import { encodePaeth } from "../codecs/png-paeth.ts";
import { type Device, openDevice } from "../runtime/index.ts";
import { trainingLabels } from "../sets/labels/read.ts";
import { layoutOf } from "../sets/layout.ts";
import type { DistilledSet, Manifest } from "../sets/set.ts";
import { openImages } from "../sets/training-images.ts";
import { lazy } from "../support/lazy.ts";
import type { Context } from "../support/work/context.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { eightBits } from "./pixels.ts";

/** Rows `from` to `from + length`, in the set's order. */
interface Rows {
  readonly from: number;
  readonly length: number;
  /** Class of each. */
  readonly labels: Int32Array;
  /** Stored logits [n, C], where the set has labels. */
  readonly logits?: Float32Array;
}

export interface PngRows extends Rows {
  readonly pngs: readonly Uint8Array[];
}

export interface ExportSource {
  readonly manifest: Manifest;
  /** Distinct training images, of which each is written once. */
  readonly length: number;
  /** Times that an epoch of the set's own students sees each. */
  readonly repeats: number;
  readonly hasLogits: boolean;
  /** T, by which logits are divided to become targets; absent where the set does not say. */
  readonly temperature?: number;
  /** Classes of all rows. */
  readonly labels: Int32Array;
  /** Logits of some rows [n, C]. */
  logits(from: number, to: number): Float32Array;
  /** The images of some rows, batch by batch, normalised: [n, 3, H, W] each. */
  floats(): AsyncGenerator<Float32Array>;
  /** The rows from..to, batch by batch, their images as PNG. */
  pngs(from: number, to: number): AsyncGenerator<PngRows>;
  /** The name of a row's files: its number, with as many digits as the last one's, at least 6. */
  nameOf(row: number): string;
  /** Largest distance of a value from its 8 bits among the PNG images so far, in grey levels of 255. */
  readonly rounding: number;
}

/** Bytes of a batch's floats and labels, about. */
const batchBytes = 2 ** 22;

/** The level of deflate: images of 32x32 take 1 % more than at level 9, larger ones a third of the time. */
const pngLevel = 3;

const recipeSchema = z.looseObject({ student: z.looseObject({ temperature: z.number().positive() }) });

/** The temperature of a set's students. */
export const temperatureOf = ({ recipe, labels }: Manifest): number | undefined => {
  if (labels.kind === "none") return undefined;
  if (labels.kind === "top-k") return labels.temperature;
  return recipeSchema.safeParse(recipe).data?.student.temperature;
};

/** A device that is opened when it is first needed: sets whose images are stored as they are need none. */
const lazyDevice = (given: Device | undefined) => {
  const own = lazy(() => openDevice("cpu", { threads: 1 }));
  return {
    compile: (async (graph) => (given ?? (await own.get())).compile(graph)) as Device["compile"],
    close: async () => (await own.take())?.close(),
  };
};

/** Opens what a set's exports are made of; `close` frees it. */
export const openSource = async (
  set: DistilledSet,
  given: Device | undefined,
  title: string,
  { progress, signal }: Context,
): Promise<{ readonly source: ExportSource; close(): Promise<void> }> => {
  const { manifest } = set;
  const { labelled, image, classes } = layoutOf(manifest);
  const { height, width } = image;
  const size = 3 * height * width;
  const device = lazyDevice(given);
  const images = await openImages(set, device, 0);
  const stored = trainingLabels(set);
  const temperature = temperatureOf(manifest);
  const labels = images.classes.slice(0, labelled);
  const batch = Math.max(1, Math.min(1024, Math.floor(batchBytes / (4 * size + 24 * classes))));
  const digits = Math.max(6, String(labelled - 1).length);
  const task = progress.task(title, labelled);
  let rounding = 0;

  const rows = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i);
  const logits = (from: number, to: number): Float32Array => stored!.read(rows(from, to));
  /** Decodes one batch while the one before is written. */
  async function* batches(first: number, last: number) {
    const end = (from: number): number => Math.min(from + batch, last);
    const read = (from: number) => {
      const reading = images.read(rows(from, end(from)));
      // Nobody may wait for this batch any more.
      reading.catch(() => undefined);
      return reading;
    };
    let next = read(first);
    for (let from = first; from < last; from = end(from)) {
      stopIfAborted(signal, title);
      const floats = await next;
      if (end(from) < last) next = read(end(from));
      yield { from, to: end(from), floats };
      task.update(end(from));
    }
  }

  const source: ExportSource = {
    manifest,
    length: labelled,
    repeats: manifest.budget.trainingImages / labelled,
    hasLogits: stored !== undefined,
    ...(temperature !== undefined && { temperature }),
    labels,
    logits,
    floats: async function* () {
      for await (const { floats } of batches(0, labelled)) yield floats;
    },
    pngs: async function* (first, last) {
      for await (const { from, to, floats } of batches(first, last)) {
        const { pixels, rounding: largest } = eightBits(floats, manifest.normalisation, height * width);
        rounding = Math.max(rounding, largest);
        const pngs = await Promise.all(
          Array.from({ length: to - from }, (_, i) =>
            encodePaeth(pixels.subarray(i * size, (i + 1) * size), width, height, pngLevel),
          ),
        );
        yield {
          from,
          length: to - from,
          labels: labels.subarray(from, to),
          pngs,
          ...(stored !== undefined && { logits: logits(from, to) }),
        };
      }
    },
    nameOf: (row) => String(row).padStart(digits, "0"),
    get rounding() {
      return rounding;
    },
  };
  return {
    source,
    close: async () => {
      task.done();
      await images.release();
      await device.close();
    },
  };
};
