import { stream } from "../support/random.ts";

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

/** Rows [classes] of probability 1 - smoothing on the label, the rest spread evenly over all classes. */
export const oneHot = (labels: ArrayLike<number>, classes: number, smoothing = 0): Float32Array => {
  const rows = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]!] = 1 - smoothing + smoothing / classes;
  return rows;
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
