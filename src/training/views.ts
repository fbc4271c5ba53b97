// A classifier that averages six views of each image.
import { moveImages } from "../data/augment/augment.ts";
import type { NetworkTask } from "../tasks/task.ts";
import type { Classifier } from "./predict.ts";

/** The image as it is weighs as much as both its shifted copies together. */
const views = [0, -1, 1].flatMap((shift) =>
  [false, true].map((mirrored) => ({ dy: shift, dx: shift, mirrored, weight: shift === 0 ? 1 / 4 : 1 / 8 })),
);

/**
 * A classifier that looks at each image six times: as it is and shifted by one pixel up-left and down-right (reflected at
 * the edges), each also mirrored; the weighted mean of the logits (test-time augmentation as airbench does it).
 */
export const sixViews = (classifier: Classifier, { image: { height, width } }: NetworkTask): Classifier => ({
  logits: async (images) => {
    const n = images.length / (3 * height * width);
    let sum: Float32Array | undefined;
    for (const { weight, ...move } of views) {
      const logits = await classifier.logits(moveImages(images, n, height, width, () => move, "reflect"));
      sum ??= new Float32Array(logits.length);
      for (let i = 0; i < logits.length; i++) sum[i]! += weight * logits[i]!;
    }
    return sum!;
  },
  release: () => classifier.release(),
});
