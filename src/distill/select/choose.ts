// Real images chosen class by class by a teacher's features.
import { imageSource } from "../../recipe/prepare.ts";
import { estimateBytes } from "../../training/memory.ts";
import { imagesAtOnce, openRows, type Rows, traceRows } from "../../training/predict.ts";
import type { Made, MethodStage } from "../method.ts";
import { frozenFeatures } from "../objectives/features.ts";
import { drawImages } from "./draw.ts";
import { pickImages } from "./pick.ts";
import { runScan, type Scan, scanning, wholeClass } from "./scan.ts";

/** Features of the images of one class, [n, size]. */
export interface Features {
  readonly rows: Float32Array;
  readonly size: number;
}

/** Which rows are chosen, best first. With a smaller count it chooses the beginning of what it chooses with a larger one. */
export type Choose = (features: Features, count: number) => Int32Array;

const tracedFeatures = ({ data, teachers }: MethodStage) =>
  traceRows(data.task, (images) => frozenFeatures(teachers[0]!, images), imagesAtOnce(data.task));

/** Rows of normalised images, one by one. */
export const featuresIn = async ({ rows, size }: Rows, images: Float32Array): Promise<Float32Array[]> => {
  const all = await rows(images);
  return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
};

const featureScan = (name: string, choose: Choose): Scan<Rows, Float32Array> => ({
  name,
  key: ({ teachers, layout }) => ({ teacher: teachers[0]!.sha256, count: layout.bases }),
  members: wholeClass,
  atOnce: ({ data }) => imagesAtOnce(data.task),
  open: (stage, worker) => openRows(worker.device, tracedFeatures(stage)),
  bytes: (stage) => estimateBytes(tracedFeatures(stage).graph),
  look: async ({ data }, network, images) => featuresIn(network, await imageSource(data).images(images)),
  conclude: ({ layout }, features, images) => {
    const size = features[0]!.length;
    const rows = new Float32Array(features.length * size);
    for (const [i, row] of features.entries()) rows.set(row, i * size);
    return Array.from(choose({ rows, size }, layout.bases), (row) => images[row]!);
  },
});

/**
 * `make` and `kinds` of a method that chooses by the first teacher's features, which are the inputs of its last linear layer,
 * of every training image as it is.
 */
export const choosing = (name: string, choose: Choose) => {
  const scan = featureScan(name, choose);
  return {
    kinds: () => [scanning(scan)],
    make: async (stage: MethodStage): Promise<Made> => {
      const { bases: K, classes: C } = stage.layout;
      // Fails where a class has fewer images than asked for.
      drawImages(stage.data, K, stage.recipe);
      const found = await runScan(stage, scan);
      const picks = Int32Array.from({ length: K * C }, (_, i) => found[i % C]![Math.floor(i / C)]!);
      return { bases: await pickImages(stage, picks), curves: [] };
    },
  };
};
