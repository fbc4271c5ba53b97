import type { UnwrittenSet } from "../../src/formats/write-set.ts";
import { stream } from "../../src/support/random.ts";

/** A small set of arbitrary content: 2 bases, 2 teachers, 3 classes, 4x5 images. */
export const exampleSet = (seed = 1): UnwrittenSet => {
  const random = stream(seed, "example set");
  const [K, M, C, H, W] = [2, 2, 3, 4, 5];
  return {
    manifest: {
      format: "distillery-set",
      version: 1,
      data: "example",
      method: "infer",
      classes: ["cat", "dog", "emu"],
      image: { height: H, width: W },
      normalisation: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] },
      budget: { ipc: 4, bases: K, compensators: K * M, trainingImages: (M + 1) * K * C },
      teachers: [
        { architecture: "convnet", accuracy: 85.25, sha256: "a".repeat(64) },
        { architecture: "convnet64x2", accuracy: 81, sha256: "b".repeat(64) },
      ],
      recipe: { data: "example", ipc: 4 },
      seed,
      notice: "This set holds natural images.",
    },
    bases: Uint8Array.from({ length: K * C * 3 * H * W }, () => random.int(256)),
    compensators: Float32Array.from({ length: K * M * 3 * H * W }, () => random.normal()),
    labels: Float32Array.from({ length: (M + 1) * K * C * C }, () => 5 * random.normal()),
  };
};
