// Random batches of images, cropped and mirrored.
import { type CropOptions, type Cropping, cropImages } from "../data/augment/cropping.ts";
import { type Random, stream } from "../support/random.ts";
import type { Task } from "../tasks/task.ts";
import type { ImageSource } from "./image-source.ts";

/**
 * Which images make the batch of a step: the images in a fresh random order each epoch, epochs joined end to end, so that
 * every batch is full. Any step's batch can be asked for at any time.
 */
export const batchIndices = (
  images: number,
  batch: number,
  seed: number,
  name: string,
): ((step: number) => Int32Array) => {
  const orders = new Map<number, Int32Array>();
  const orderOf = (epoch: number): Int32Array => {
    const known = orders.get(epoch);
    if (known !== undefined) return known;
    // Only the epochs that a batch may touch are kept.
    if (orders.size > 2) orders.clear();
    const order = stream(seed, name, "order", epoch).permutation(images);
    orders.set(epoch, order);
    return order;
  };
  return (step) =>
    Int32Array.from({ length: batch }, (_, i) => {
      const at = step * batch + i;
      return orderOf(Math.floor(at / images))[at % images]!;
    });
};

/** Images with labels, and how they are cropped to be trained on; shifted by up to `pad` pixels. */
export interface Labelled<Label> extends CropOptions {
  readonly images: ImageSource["images"];
  readonly labels: ArrayLike<Label>;
  readonly crop: Cropping;
  readonly pad: number;
}

/** The images of a step [n, 3, H, W], each cropped in its own way, and their labels, each moved with its image. */
export const cropLabelled = async <Label>(
  task: Task<Label>,
  { images: read, labels, crop, pad, ...options }: Labelled<Label>,
  indices: Int32Array,
  random: Random,
): Promise<{ readonly images: Float32Array; readonly labels: readonly Label[] }> => {
  const whole = await read(indices);
  const { images, warps } = cropImages(whole, indices.length, task.image, crop, pad, random, options);
  return { images, labels: Array.from(indices, (index, i) => task.warp(labels[index]!, warps[i]!)) };
};

/** For each image of a step's batch how many epochs it has been in before. */
export const epochsOf =
  (images: number, batch: number): ((step: number) => Int32Array) =>
  (step) =>
    Int32Array.from({ length: batch }, (_, i) => Math.floor((step * batch + i) / images));

/**
 * Which images of a step's batch are mirrored when flips alternate (Jordan 2024): each image is drawn mirrored or not in
 * the first epoch, and is the other way round in every following one, so that two epochs show all images both ways.
 */
export const alternatingFlips = (
  images: number,
  batch: number,
  seed: number,
  name: string,
): ((step: number, indices: Int32Array) => Int32Array) => {
  const random = stream(seed, name, "flips");
  const first = Int32Array.from({ length: images }, () => random.int(2));
  const epochs = epochsOf(images, batch);
  return (step, indices) => epochs(step).map((epoch, i) => (first[indices[i]!]! + epoch) % 2);
};
