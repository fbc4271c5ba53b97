import type { Normalisation } from "../data/dataset.ts";

/** What a set says of itself, in its manifest.json. */
export interface Manifest {
  readonly format: "distillery-set";
  readonly version: 1;
  /** Name of the data set it was made from. */
  readonly data: string;
  readonly method: "infer";
  /** Class names; a class's index in this list is its label and its place in every logits row. */
  readonly classes: readonly string[];
  readonly image: { readonly height: number; readonly width: number };
  readonly normalisation: Normalisation;
  readonly budget: {
    readonly ipc: number;
    readonly bases: number;
    readonly compensators: number;
    readonly trainingImages: number;
  };
  readonly teachers: readonly {
    readonly architecture: string;
    /** Test accuracy, per cent. */
    readonly accuracy: number;
    /** sha256 of the teacher's weight file. */
    readonly sha256: string;
  }[];
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Says that natural images are inside. */
  readonly notice: string;
  /** Every other file of the set, by its path relative to the set's folder. */
  readonly parts: Readonly<Record<string, Part>>;
}

export interface Part {
  readonly holds: "bases" | "compensators" | "labels";
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * A distilled set in memory (method: arXiv 2408.06927, section 3). K bases, M teachers, C classes, images [3, H, W].
 * Training image (v, k, c), v = 0..M: base k of class c, with compensator (k, v-1) added when v > 0; its row in `labels`
 * and in `trainingImages` is (v K + k) C + c.
 */
export interface DistilledSet {
  readonly manifest: Manifest;
  /** Pixels 0..255, [K, C, 3, H, W]. */
  readonly bases: Uint8Array;
  /** In normalised image space, [K, M, 3, H, W]. */
  readonly compensators: Float32Array;
  /** Mean logits of the M teachers, [(M+1) K C, C]. */
  readonly labels: Float32Array;
}
