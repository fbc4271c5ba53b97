// INFER's base sets P_k, each one training image of every class.
import { imageSource } from "../../recipe/prepare.ts";
import { openEnsemble } from "../../teachers/ensemble.ts";
import { estimateBytes } from "../../training/memory.ts";
import { type Classifier, imagesAtOnce, traceClassifier } from "../../training/predict.ts";
import type { Frozen } from "../../training/train-step.ts";
import type { MethodStage } from "../method.ts";
import { drawImages } from "./draw.ts";
import { pickImages } from "./pick.ts";
import { runScan, type Scan, scanning, wholeClass } from "./scan.ts";

/** Base sets as they are stored. */
export interface Bases {
  /** All of them, [K, C, 3, h, w]. */
  all(): Promise<Uint8Array>;
  /** Base set k, [C, 3, h, w]. */
  read(k: number): Promise<Uint8Array>;
  /** What decided them besides the seed, for the keys of what is made from them; nothing where they are random. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** -log softmax(logits)[label]. */
export const crossEntropyOf = (logits: ArrayLike<number>, label: number): number => {
  const all = Array.from(logits);
  const largest = Math.max(...all);
  return largest + Math.log(all.reduce((sum, z) => sum + Math.exp(z - largest), 0)) - logits[label]!;
};

const hashesOf = ({ teachers }: MethodStage): readonly string[] => teachers.map(({ sha256 }) => sha256);

/**
 * Training images of each class as they are, [n_c] indices, the one that the judges' mean logits give the highest
 * probability of its class first; the earlier of equals.
 */
export const rankingBy = (
  name: string,
  judgesOf: (stage: MethodStage) => readonly Frozen[],
  key: (stage: MethodStage) => Readonly<Record<string, unknown>>,
): Scan<Classifier, number> => ({
  name,
  key,
  members: wholeClass,
  atOnce: ({ data }) => imagesAtOnce(data.task),
  open: (stage, worker) => openEnsemble(worker.device, judgesOf(stage), imagesAtOnce(stage.data.task)),
  bytes: (stage) => judgesOf(stage).reduce((sum, one) => sum + estimateBytes(traceClassifier(one).graph), 0),
  look: async ({ data }, classifier, images, c) => {
    const { classes } = data.task;
    const logits = await classifier.logits(await imageSource(data).images(images));
    return Array.from(images, (_, i) => crossEntropyOf(logits.subarray(i * classes, (i + 1) * classes), c));
  },
  conclude: (_, surprise, images) =>
    Array.from(images, (_image, i) => i)
      .sort((a, b) => surprise[a]! - surprise[b]! || a - b)
      .map((i) => images[i]!),
});

const ranking = rankingBy(
  "confidence",
  ({ teachers }) => teachers,
  (stage) => ({ teachers: hashesOf(stage) }),
);

export const confidence = scanning(ranking);

/** K base sets: the beginning of the recipe's random draw, or the images that the teachers are surest of. */
export const basesOf = async (stage: MethodStage, how: "random" | "confidence"): Promise<Bases> => {
  const { recipe, data, layout } = stage;
  const { bases: K, classes: C } = layout;
  const of = (picks: Int32Array, key: Bases["key"]): Bases => ({
    key,
    all: () => pickImages(stage, picks),
    read: (k) => pickImages(stage, picks.subarray(k * C, (k + 1) * C)),
  });
  const drawn = drawImages(data, K, recipe);
  if (how === "random") return of(drawn, {});
  const ranked = await runScan(stage, ranking);
  const picks = drawn.map((_, i) => ranked[i % C]![Math.floor(i / C)]!);
  return of(picks, { bases: how, judges: hashesOf(stage) });
};
