// A distilled set as it lies on disk and in memory.
import type { FileTensors } from "../codecs/tensor-layout.ts";
import type { Normalisation } from "../data/dataset.ts";
import type { Budget } from "./budget.ts";
import type { CompensatorDtype } from "./compensator-codec.ts";
import type { LabelChoice } from "./labels/choose.ts";
import type { Origin } from "./pixels.ts";

/** The training of students in words. */
export interface Training {
  readonly optimiser: string;
  readonly schedule: string;
  readonly batches: string;
  /** For stored and for dynamic labels. */
  readonly softLoss: string;
  readonly hardLoss: string;
  readonly augmentation: string;
  readonly mixup: string;
}

/** The manifest of a set, as its manifest.json holds it. */
export interface Manifest {
  readonly format: "distillery-set";
  readonly version: 6;
  /** Name of the data set it was made from. */
  readonly data: string;
  /** Name of the method that made it, for people: any text. */
  readonly method: string;
  /** The origin of its pixels. */
  readonly pixels: Origin;
  /** Class names; a class's index in this list is its label and its place in every logits row. */
  readonly classes: readonly string[];
  /** Everyday names in the same order, where `classes` are identifiers such as n01443537; never a key. */
  readonly words?: readonly string[];
  readonly image: { readonly height: number; readonly width: number };
  readonly normalisation: Normalisation;
  /** Training images are as many as there are rows; a multiple of K C for copies without compensators. */
  readonly budget: Budget;
  /** The parametrisation of images by its name, and the size of the values stored for one. */
  readonly storage: { readonly kind: string; readonly height: number; readonly width: number };
  /** The rule that rebuilds training images, in words; decode.onnx does it. */
  readonly decoding: string;
  /** True of sets of versions 1 to 3, which have no decode.onnx. */
  readonly undecoded?: true;
  /** True of sets of versions 1 to 5, whose tensors do not name their axes (see axes.ts). */
  readonly unnamedAxes?: true;
  /** The training of the students that its maker measured; absent from sets of versions 1 to 5. */
  readonly training?: Training;
  /** The stored type of compensators; "none" when there are none. */
  readonly compensators: { readonly dtype: CompensatorDtype | "none" };
  /** The way labels are stored. */
  readonly labels: LabelChoice;
  /** Those that made the labels, and for dynamic labels those to be asked; may be none. */
  readonly teachers: readonly {
    readonly architecture: string;
    /** Test accuracy, per cent. */
    readonly accuracy: number;
    /** sha256 of the teacher's weight file. */
    readonly sha256: string;
  }[];
  /** Has `data` and `ipc`, and every other field of the recipe. */
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Says whether natural images are inside. */
  readonly notice: string;
  /** README.md as it was written. It is for people, who may edit it, and not checked; absent from sets of versions 1 to 5. */
  readonly card?: { readonly bytes: number; readonly sha256: string };
  /** Every other file of the set, by its path relative to the set's folder. */
  readonly parts: Readonly<Record<string, Part>>;
  /** Hash of the manifest's own bytes before this line: it stands for the whole set. Sets of versions 1 and 2 have none. */
  readonly sha256?: string;
}

/** A manifest that does not know its files yet. */
export type Unlisted = Omit<Manifest, "card" | "parts" | "sha256">;

export interface Part {
  readonly holds: "bases" | "compensators" | "labels" | "decoder";
  readonly bytes: number;
  readonly sha256: string;
}

/** A distilled set in memory, of any method; `Layout` says how its arrays make training images. */
export interface DistilledSet {
  readonly manifest: Manifest;
  /** Pixels 0..255 of what is stored of each base image, [K, C, 3, h, w]. */
  readonly bases: Uint8Array;
  /** In normalised image space, [K V + U C, 3, H, W] in the order of the layout. */
  readonly compensators: Float32Array;
  /** Stored mean logits of the teachers for every distinct training image: see packLabels and trainingLabels. */
  readonly labels: FileTensors;
}
