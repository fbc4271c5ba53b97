import type { CompensatorDtype } from "../../src/sets/compensator-codec.ts";
import type { LabelChoice } from "../../src/sets/labels/choose.ts";
import { packLabels } from "../../src/sets/labels/encoding.ts";
import type { UnwrittenSet } from "../../src/sets/write.ts";
import { stream } from "../../src/support/random.ts";

const [K, M, C, H, W] = [2, 2, 3, 4, 5];

export const halfLabels: LabelChoice = { kind: "logits", dtype: "F16" };

/** Logits [18, 3] of the example set. */
export const exampleLogits = (seed = 1): Float32Array => {
  const random = stream(seed, "example logits");
  return Float32Array.from({ length: (M + 1) * K * C * C }, () => 5 * random.normal());
};

/** A small set of arbitrary content: 2 bases, 2 teachers, 3 classes, 4x5 images. */
export const exampleSet = (
  seed = 1,
  dtype: CompensatorDtype = "F16",
  labels: LabelChoice = halfLabels,
): UnwrittenSet => {
  const random = stream(seed, "example set");
  return {
    manifest: {
      format: "distillery-set",
      version: 6,
      data: "example",
      method: "infer",
      pixels: "natural",
      classes: ["cat", "dog", "emu"],
      image: { height: H, width: W },
      normalisation: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] },
      budget: { ipc: 4, bases: K, compensators: K * M, perBase: M, perClass: 0, trainingImages: (M + 1) * K * C },
      storage: { kind: "images", height: H, width: W },
      decoding: "A base, plus a compensator.",
      compensators: { dtype },
      labels,
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
    labels: packLabels(labels, exampleLogits(seed), C),
  };
};

/** The example's bases as two random images of each class, with hard labels only. */
export const hardSet = (): UnwrittenSet => {
  const { manifest, bases } = exampleSet();
  return {
    manifest: {
      ...manifest,
      method: "random",
      recipe: { data: "example", ipc: K },
      budget: { ipc: K, bases: K, compensators: 0, perBase: 0, perClass: 0, trainingImages: K * C },
      compensators: { dtype: "none" },
      labels: { kind: "none" },
      teachers: [],
    },
    bases,
    compensators: new Float32Array(0),
    labels: {},
  };
};

/** The example's bases copied to as many training images as the example has, with labels. */
export const copiedSet = (): UnwrittenSet => {
  const set = exampleSet();
  const budget = { ...set.manifest.budget, compensators: 0, perBase: 0 };
  return {
    ...set,
    manifest: { ...set.manifest, method: "infer-copies", budget, compensators: { dtype: "none" } },
    compensators: new Float32Array(0),
    labels: packLabels(halfLabels, exampleLogits().subarray(0, K * C * C), C),
  };
};

/** Six base sets of three classes, 4 x 6 images kept at 2 x 3 pixels, with a compensator each: K = floor(4 3 4 / (3 + 4)). */
export const formationSet = (): UnwrittenSet => {
  const { manifest } = exampleSet();
  const random = stream(1, "formation set");
  return {
    manifest: {
      ...manifest,
      image: { height: 4, width: 6 },
      budget: { ipc: 4, bases: 6, compensators: 6, perBase: 1, perClass: 0, trainingImages: 36 },
      storage: { kind: "formation2", height: 2, width: 3 },
    },
    bases: Uint8Array.from({ length: 6 * C * 3 * 2 * 3 }, () => random.int(256)),
    compensators: Float32Array.from({ length: 6 * 3 * 4 * 6 }, () => random.normal()),
    labels: packLabels(
      halfLabels,
      Float32Array.from({ length: 36 * C }, () => 5 * random.normal()),
      C,
    ),
  };
};

/** Two base sets of three classes with V compensators of each base set and U of each class. */
export const sharingSet = (V: number, U: number, dtype: CompensatorDtype = "F16"): UnwrittenSet => {
  const { manifest, bases } = exampleSet();
  const random = stream(1, "sharing set");
  const [compensators, trainingImages] = [K * V + C * U, (1 + V + U) * K * C];
  return {
    manifest: {
      ...manifest,
      budget: { ipc: 10, bases: K, compensators, perBase: V, perClass: U, trainingImages },
      compensators: { dtype },
      recipe: { data: "example", ipc: 10 },
      labels: { kind: "none" },
      teachers: [],
    },
    bases,
    compensators: Float32Array.from({ length: compensators * 3 * H * W }, () => random.normal()),
    labels: {},
  };
};
