// RDED: crops of real images that the teachers are surest of.
import { type Crop, drawCrop, resizeCrops, type Size } from "../../data/augment/resized-crop.ts";
import { normalise } from "../../data/normalisation.ts";
import { isSmall } from "../../models/model.ts";
import { parametrisationOf } from "../../sets/index.ts";
import { lazy } from "../../support/lazy.ts";
import type { Task } from "../../tasks/task.ts";
import { openEnsemble } from "../../teachers/ensemble.ts";
import { estimateBytes } from "../../training/memory.ts";
import { type Classifier, imagesAtOnce, traceClassifier } from "../../training/predict.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { type Bases, crossEntropyOf } from "./bases.ts";
import { drawImages, drawStream } from "./draw.ts";
import { runScan, type Scan, scanning, wholeClass } from "./scan.ts";

/** Images of a class that are looked at, where it has so many; crops of each; the crops' shape. */
const settings = { images: 300, crops: 5, scale: [0.08, 1], ratio: [1, 1] } as const;

/** Images cropped and classified at a time. */
const stretchOf = (task: Task): number => Math.ceil(imagesAtOnce(task) / settings.crops);

/** Crops along a side of a stitched image. */
const factorOf = (task: Task): number => (isSmall(task) ? 1 : 2);

/** Training images that one of RDED's is made of. */
export const cropsEach = (task: Task): number => factorOf(task) ** 2;

/** A crop of a training image and how surely the teachers know it. */
export interface Scored {
  readonly image: number;
  readonly crop: Crop;
  readonly crossEntropy: number;
}

/** The images of class c that are looked at. */
export const candidatesOf = (stage: MethodStage, c: number, least: number): Int32Array => {
  const own = wholeClass(stage, c);
  const order = drawStream(stage.recipe, "rded", c, "images").permutation(own.length);
  return order.subarray(0, Math.max(settings.images, least)).map((at) => own[at]!);
};

/** The crops of one training image among which the best is sought. */
export const cropsOf = ({ data, recipe }: MethodStage, image: number): Crop[] => {
  const random = drawStream(recipe, "rded", "crops", image);
  return Array.from({ length: settings.crops }, () => drawCrop(data.task.image, settings, random));
};

/** A crop of pixels [3, H, W], resized to [3, h, w] and rounded to 8 bits. */
export const cutOut = (pixels: Uint8Array, from: Size, crop: Crop, to: Size = from): Uint8Array =>
  new Uint8Array(Uint8ClampedArray.from(resizeCrops(Float32Array.from(pixels), 1, from, () => crop, to)).buffer);

/** Each image's crop of lowest cross-entropy, the first of equals. */
const bestCrops = async (
  stage: MethodStage,
  images: Int32Array,
  label: number,
  classifier: Classifier,
): Promise<Scored[]> => {
  const { train, task, dataset } = stage.data;
  const { height, width } = task.image;
  const size = 3 * height * width;
  const pixels = await train.read(images);
  const crops = Array.from(images, (image) => cropsOf(stage, image));
  const cut = new Uint8Array(images.length * settings.crops * size);
  for (const [i, own] of crops.entries()) {
    const image = pixels.subarray(i * size, (i + 1) * size);
    for (const [j, crop] of own.entries()) cut.set(cutOut(image, task.image, crop), (i * settings.crops + j) * size);
  }
  const logits = await classifier.logits(normalise(cut, dataset.normalisation, height, width));
  return crops.map((own, i) =>
    own
      .map((crop, j): Scored => {
        const row = (i * settings.crops + j) * task.classes;
        const crossEntropy = crossEntropyOf(logits.subarray(row, row + task.classes), label);
        return { image: images[i]!, crop, crossEntropy };
      })
      .reduce((best, one) => (one.crossEntropy < best.crossEntropy ? one : best)),
  );
};

/** The `count` surest, surest first. */
const surest = (scored: readonly Scored[], count: number): Scored[] =>
  scored.toSorted((a, b) => a.crossEntropy - b.crossEntropy).slice(0, count);

/** Crops side by side and below each other as one image [3, H, W], `factor` along a side. */
const stitch = async (
  { data: { train, task } }: MethodStage,
  parts: readonly (readonly number[])[],
  factor: number,
) => {
  const { height, width } = task.image;
  const out = new Uint8Array(3 * height * width);
  for (const [i, part] of parts.entries()) {
    const [image, top, left, h, w] = part as [number, number, number, number, number];
    const [row, column] = [Math.floor(i / factor), i % factor];
    const edge = (length: number, at: number): number => Math.round((length * at) / factor);
    const [y, x] = [edge(height, row), edge(width, column)];
    const to = { height: edge(height, row + 1) - y, width: edge(width, column + 1) - x };
    const cut = cutOut(await train.read([image]), task.image, { top, left, height: h, width: w }, to);
    for (let line = 0; line < 3 * to.height; line++) {
      const [channel, down] = [Math.floor(line / to.height), line % to.height];
      out.set(cut.subarray(line * to.width, (line + 1) * to.width), (channel * height + y + down) * width + x);
    }
  }
  return out;
};

/** Crops of a class that are kept: one for each place of its stitched images. */
const countOf = ({ layout, data }: MethodStage): number => layout.bases * cropsEach(data.task);

const batchOf = ({ data }: MethodStage): number => stretchOf(data.task) * settings.crops;

const crops: Scan<Classifier, Scored> = {
  name: "rded",
  key: (stage) => ({ settings, teachers: stage.teachers.map(({ sha256 }) => sha256), count: countOf(stage) }),
  members: (stage, c) => candidatesOf(stage, c, countOf(stage)),
  atOnce: ({ data }) => stretchOf(data.task),
  open: (stage, worker) => openEnsemble(worker.device, stage.teachers, batchOf(stage)),
  bytes: (stage) =>
    stage.teachers.reduce((sum, one) => sum + estimateBytes(traceClassifier(one, batchOf(stage)).graph), 0),
  look: (stage, classifier, images, c) => bestCrops(stage, images, c, classifier),
  conclude: (stage, scored) =>
    surest(scored, countOf(stage)).flatMap(({ image, crop: { top, left, height, width } }) => [
      image,
      top,
      left,
      height,
      width,
    ]),
};

/** The kind of jobs that look for crops. */
export const cropping = scanning(crops);

/** RDED's images as base sets, stitched when they are first read. */
export const cropBases = async (stage: MethodStage): Promise<Bases> => {
  const { data, layout, recipe } = stage;
  const { bases: K, classes: C, image } = layout;
  const factor = factorOf(data.task);
  // Fails where a class has fewer images than crops are needed.
  drawImages(data, countOf(stage), recipe);
  const found = await runScan(stage, crops);
  const stitched = async (): Promise<Uint8Array> => {
    const size = 3 * image.height * image.width;
    const pixels = new Uint8Array(K * C * size);
    for (const [c, rows] of found.entries()) {
      for (let k = 0; k < K; k++) {
        // An image is made of the k-th best of each quarter of the ranks, as in the reference implementation.
        const ranks = Array.from({ length: factor ** 2 }, (_, q) => q * K + k);
        const parts = ranks.map((rank) => rows.slice(5 * rank, 5 * rank + 5));
        pixels.set(await stitch(stage, parts, factor), (k * C + c) * size);
      }
    }
    return parametrisationOf(layout.kind).encode(pixels, image);
  };
  const { get: all } = lazy(stitched);
  return {
    key: { bases: "crops", ...crops.key(stage) },
    all,
    read: async (k) => {
      const pixels = await all();
      return pixels.subarray((k * pixels.length) / K, ((k + 1) * pixels.length) / K);
    },
  };
};

/**
 * RDED (Sun et al., CVPR 2024): of each class 300 images with 5 random crops each; each image's
 * crop that is told best stays (realism), and of those the best; 2 x 2 of them make one image above 64 pixels
 * (diversity). Nothing is optimised.
 *
 * It departs from the reference implementation in that all teachers judge, by their mean logits, not one; and that crops are
 * judged at the size of the teachers' images, 8 bits deep, where that pads quarter-size crops with zeros.
 */
export const rded = defineMethod(
  {},
  {
    name: "rded",
    title: "RDED",
    paper: "2312.03526",
    about: "crops of real images that the teachers are surest of",
    family: "real",
    mark: "triangle",
    needs: { teachers: "all" },
    pixels: "crops",
    imagesEach: cropsEach,
    kinds: () => [cropping],
    make: async (stage) => ({ bases: await (await cropBases(stage)).all(), curves: [] }),
  },
);
