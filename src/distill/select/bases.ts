import { tensor } from "../../autodiff/index.ts";
import { byClass } from "../../data/split.ts";
import { readable } from "../../recipe/prepare.ts";
import { stopIfAborted } from "../../support/interrupt.ts";
import { keyOf } from "../../support/key.ts";
import { openEnsemble } from "../../teachers/ensemble.ts";
import type { Stage } from "../../teachers/stage.ts";
import { readStored } from "../../training/checkpoint.ts";
import { machineOf } from "../../training/jobs.ts";
import { type KeptWork, runKept } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import { imagesAtOnce, traceClassifier } from "../../training/predict.ts";
import { drawImages } from "./draw.ts";
import { crossEntropyOf } from "./rded.ts";

/** INFER's base sets P_k, each one training image of every class. */
export interface Bases {
  /** K. */
  readonly count: number;
  /** All of them, [K, C, 3, H, W]. */
  all(): Promise<Uint8Array>;
  /** Base set k, [C, 3, H, W]. */
  read(k: number): Promise<Uint8Array>;
  /** What decided them besides the seed, for the keys of what is made from them; nothing where they are random. */
  readonly key: Readonly<Record<string, unknown>>;
}

/**
 * Of each class its training images as they are, [n_c] indices, the one that the teachers' mean logits give the highest
 * probability of its class first; the earlier of equals. Kept in `folder`, class by class.
 */
const rankByConfidence = async (stage: Stage, hashes: readonly string[]): Promise<Int32Array[]> => {
  const { recipe, data, teachers, device, folder } = stage;
  const { task, train, dataset } = data;
  const { classes } = task;
  const batch = imagesAtOnce(task);
  const works = byClass(train, classes).map((list, c): KeptWork => {
    const own = Int32Array.from(list);
    return {
      file: `${folder}/confidence-${c}.safetensors`,
      key: keyOf({
        ranking: "confidence",
        data: data.fingerprint,
        validation: recipe.validation,
        seed: recipe.seed,
        teachers: hashes,
        c,
        device: device.name,
      }),
      units: own.length,
      make: async (lane, { progress, signal }) => {
        const classifier = await lane.held("teachers", () => openEnsemble(lane.device, teachers, batch));
        const bar = progress.task(`confidence: ${dataset.classes[c]!}`, own.length);
        const surprise = new Float64Array(own.length);
        for (let from = 0; from < own.length; from += batch) {
          stopIfAborted(signal, "confidence");
          const some = own.subarray(from, from + batch);
          const logits = await classifier.logits(await readable(data).images(some));
          for (let i = 0; i < some.length; i++) {
            surprise[from + i] = crossEntropyOf(logits.subarray(i * classes, (i + 1) * classes), c);
          }
          bar.update(from + some.length);
        }
        const order = Array.from(own, (_, i) => i).sort((a, b) => surprise[a]! - surprise[b]! || a - b);
        const ranking = BigInt64Array.from(order, (i) => BigInt(own[i]!));
        return { tensors: { ranking: tensor(ranking, [own.length]) }, metadata: {} };
      },
    };
  });
  const bytes = (): number =>
    teachers.reduce((sum, teacher) => sum + estimateBytes(traceClassifier(teacher, batch).graph), 0);
  const title = `confidence in ${train.length} images`;
  const kept = await runKept(title, machineOf(device), works, bytes, stage);
  const rankings: Int32Array[] = [];
  for (const { file } of kept) {
    rankings.push(Int32Array.from((await readStored(file))!.tensors.ranking!.data as BigInt64Array, Number));
  }
  return rankings;
};

/** `count` base sets: the beginning of the recipe's random draw, or the images that the teachers are surest of. */
export const chooseBases = async (stage: Stage, count: number): Promise<Bases> => {
  const { recipe, data, teachers } = stage;
  const { classes } = data.task;
  const of = (picks: Int32Array, key: Bases["key"]): Bases => ({
    count,
    key,
    all: () => data.train.read(picks),
    read: (k) => data.train.read(picks.subarray(k * classes, (k + 1) * classes)),
  });
  const drawn = drawImages(data, count, recipe.seed);
  if (recipe.bases === "random") return of(drawn, {});
  const hashes = teachers.map(({ sha256 }) => sha256);
  const rankings = await rankByConfidence(stage, hashes);
  const picks = drawn.map((_, i) => rankings[i % classes]![Math.floor(i / classes)]!);
  return of(picks, { bases: recipe.bases, judges: hashes });
};
