import { tensor } from "../../autodiff/index.ts";
import { type Crop, drawCrop, resizeCrops, type Size } from "../../data/augment/resized-crop.ts";
import { normalise } from "../../data/normalisation.ts";
import { byClass } from "../../data/split.ts";
import { isSmall, type Task } from "../../models/model.ts";
import { stopIfAborted } from "../../support/interrupt.ts";
import { keyOf } from "../../support/key.ts";
import { stream } from "../../support/random.ts";
import { openEnsemble } from "../../teachers/ensemble.ts";
import type { Stage } from "../../teachers/stage.ts";
import { readStored } from "../../training/checkpoint.ts";
import { machineOf } from "../../training/jobs.ts";
import { type KeptWork, runKept } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import { type Classifier, imagesAtOnce, traceClassifier } from "../../training/predict.ts";
import type { Method } from "../methods/method.ts";
import { drawImages } from "./draw.ts";

/** Images of a class that are looked at, where it has so many; crops of each; the crops' shape. */
const settings = { images: 300, crops: 5, scale: [0.08, 1], ratio: [1, 1] } as const;

/** Images cropped and classified at a time. */
const stretchOf = (task: Task): number => Math.ceil(imagesAtOnce(task) / settings.crops);

/** Crops along a side of a stitched image. */
export const factorOf = (task: Task): number => (isSmall(task) ? 1 : 2);

/** -log softmax(logits)[label]. */
export const crossEntropyOf = (logits: ArrayLike<number>, label: number): number => {
  const all = Array.from(logits);
  const largest = Math.max(...all);
  return largest + Math.log(all.reduce((sum, z) => sum + Math.exp(z - largest), 0)) - logits[label]!;
};

/** A crop of a training image and how surely the teachers know it. */
export interface Scored {
  readonly image: number;
  readonly crop: Crop;
  readonly crossEntropy: number;
}

/** The images of class c that are looked at. */
export const candidatesOf = ({ data, recipe }: Stage, c: number, least: number): Int32Array => {
  const own = byClass(data.train, data.task.classes)[c]!;
  const order = stream(recipe.seed, "rded", c, "images").permutation(own.length);
  return order.subarray(0, Math.max(settings.images, least)).map((at) => own[at]!);
};

/** The crops of one training image among which the best is sought. */
export const cropsOf = ({ data, recipe }: Stage, image: number): Crop[] => {
  const random = stream(recipe.seed, "rded", "crops", image);
  return Array.from({ length: settings.crops }, () => drawCrop(data.task.image, settings, random));
};

/** A crop of pixels [3, H, W], resized to [3, h, w] and rounded to 8 bits. */
export const cutOut = (pixels: Uint8Array, from: Size, crop: Crop, to: Size = from): Uint8Array =>
  new Uint8Array(Uint8ClampedArray.from(resizeCrops(Float32Array.from(pixels), 1, from, () => crop, to)).buffer);

/** Each image's crop of lowest cross-entropy, the first of equals. */
const bestCrops = async (
  stage: Stage,
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
export const surest = (scored: readonly Scored[], count: number): Scored[] =>
  scored.toSorted((a, b) => a.crossEntropy - b.crossEntropy).slice(0, count);

/** Crops side by side and below each other as one image [3, H, W], `factor` along a side. */
const stitch = async ({ data: { train, task } }: Stage, parts: readonly (readonly bigint[])[], factor: number) => {
  const { height, width } = task.image;
  const out = new Uint8Array(3 * height * width);
  for (const [i, part] of parts.entries()) {
    const [image, top, left, h, w] = part.map(Number) as [number, number, number, number, number];
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

/**
 * RDED (Sun et al., CVPR 2024, arXiv 2312.03526): of each class 300 images with 5 random crops each; each image's
 * crop that is told best stays (realism), and of those the best; 2 x 2 of them make one image above 64 pixels
 * (diversity). Nothing is optimised.
 *
 * It departs from the reference implementation in that all teachers judge, by their mean logits, not one; and that crops are judged
 * at the size of the teachers' images, 8 bits deep, where that pads quarter-size crops with zeros.
 */
export const rded: Method = {
  name: "rded",
  teachers: "all",
  make: async (stage) => {
    const { recipe, data, device, folder, teachers } = stage;
    const { ipc } = recipe;
    const { task, dataset } = data;
    const factor = factorOf(task);
    const count = ipc * factor ** 2;
    const stretch = stretchOf(task);
    const batch = stretch * settings.crops;
    // For its error, where a class has fewer images than crops are needed.
    drawImages(data, count, recipe.seed);
    const workOf = (c: number): KeptWork => {
      const images = candidatesOf(stage, c, count);
      return {
        file: `${folder}/${c}.safetensors`,
        key: keyOf({
          method: "rded",
          data: data.fingerprint,
          validation: recipe.validation,
          seed: recipe.seed,
          settings,
          teachers: teachers.map(({ sha256 }) => sha256),
          count,
          c,
          device: device.name,
        }),
        units: images.length,
        make: async (lane, { progress, signal }) => {
          const classifier = await lane.held("teachers", () => openEnsemble(lane.device, teachers, batch));
          const bar = progress.task(`rded: ${dataset.classes[c]!}`, images.length);
          const scored: Scored[] = [];
          for (let from = 0; from < images.length; from += stretch) {
            stopIfAborted(signal, "rded");
            scored.push(...(await bestCrops(stage, images.subarray(from, from + stretch), c, classifier)));
            bar.update(scored.length);
          }
          const rows = surest(scored, count).flatMap(({ image, crop: { top, left, height, width } }) =>
            [image, top, left, height, width].map(BigInt),
          );
          return { tensors: { crops: tensor(BigInt64Array.from(rows), [count, 5]) }, metadata: {} };
        },
      };
    };
    const works = Array.from({ length: task.classes }, (_, c) => workOf(c));
    const bytes = (): number =>
      teachers.reduce((sum, teacher) => sum + estimateBytes(traceClassifier(teacher, batch).graph), 0);
    const kept = await runKept(`rded: crops of ${task.classes} classes`, machineOf(device), works, bytes, stage);
    const size = 3 * task.image.height * task.image.width;
    const bases = new Uint8Array(ipc * task.classes * size);
    for (const [c, { file }] of kept.entries()) {
      const rows = (await readStored(file))!.tensors.crops!.data as BigInt64Array;
      const crop = (rank: number): bigint[] => [...rows.subarray(5 * rank, 5 * rank + 5)];
      for (let k = 0; k < ipc; k++) {
        // An image is made of the k-th best of each quarter of the ranks, as in the reference implementation.
        const parts = Array.from({ length: factor ** 2 }, (_, q) => crop(q * ipc + k));
        bases.set(await stitch(stage, parts, factor), (k * task.classes + c) * size);
      }
    }
    return { bases, curves: [] };
  },
};
