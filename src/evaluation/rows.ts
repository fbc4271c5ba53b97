// The rows, curves and report of a run.
import type { Budget, Origin } from "../sets/index.ts";
import type { Chance } from "../teachers/guessing.ts";

/** What one run of the whole path found out; written as report.json, drawn as report.html. Accuracies are per cent. */
export interface Report {
  readonly format: "distillery-report";
  /** The `$id` of schemas/report.schema.json, which describes every field; absent from reports of earlier versions. */
  readonly $schema?: string;
  readonly version: 1;
  /** Version of the program that wrote it. */
  readonly distillery: string;
  readonly data: {
    readonly name: string;
    readonly classes: number;
    readonly classNames: readonly string[];
    /** What people call each class, where the names are identifiers. */
    readonly classWords?: readonly string[];
    /** Images the teachers and the set are made from, after the validation images are held out. */
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly image: { readonly channels: 3; readonly height: number; readonly width: number };
    /** Images that could not be read. */
    readonly skipped: number;
    /** Files and folders that were passed over because they are no images of a class. */
    readonly ignored: number;
  };
  /** Absent from reports of earlier versions. */
  readonly set?: {
    /** As it was named where the program ran. */
    readonly folder: string;
    /** The rule of its rows and pixels, in words: as in its manifest. */
    readonly decoding: string;
  };
  /** How the set was made. */
  readonly method: string;
  /** Origin of its pixels: how much of the training images is in it. */
  readonly pixels: Origin;
  /** Size of a stored base, where that is not the images'. */
  readonly stored?: { readonly height: number; readonly width: number };
  readonly budget: Budget;
  /** Bytes of the set's files by what they hold; `data` is the training split at 8 bits, for comparison. */
  readonly bytes: {
    readonly bases: number;
    readonly compensators: number;
    readonly labels: number;
    readonly manifest: number;
    readonly total: number;
    readonly data: number;
    /** Weights that dynamic labels need when the set is used; not part of the set's files. */
    readonly teachers: number;
  };
  readonly teachers: readonly TeacherRow[];
  readonly rows: readonly AccuracyRow[];
  /** Says, where the set’s teachers were not given, that random images with static labels are not among the rows. */
  readonly withoutRandom?: string;
  /** Drawn from the rows, as the next two are; all are absent from reports of earlier versions. */
  readonly reached?: readonly ReachedBySet[];
  readonly rankings?: readonly Ranking[];
  readonly retained?: readonly Retained[];
  readonly curves: readonly Curve[];
  /** Seconds by stage: data, teachers, distil, labels, students, ... in order. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly device: string;
  readonly hardware: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
  /** The resolved recipe, as in the recipe file. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** Resolution of `best` and its reason, where the method was asked for by that name. */
  readonly best?: string;
}

export interface TeacherRow {
  readonly architecture: string;
  /** Test accuracy after the last epoch. */
  readonly accuracy: number;
  /** The same with the mean logits of six views of each image, where that was asked for. */
  readonly accuracyViews?: number;
  readonly validationAccuracy: number;
  /** The accuracy of guessing, and whether this is more; absent from reports of earlier versions. */
  readonly chance?: Chance;
  /** Absent of weights that were not trained here. */
  readonly epochs?: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface AccuracyRow {
  /** Origin of the images that the student was trained on: a method, or `allData`. */
  readonly method: string;
  readonly labels: "static" | "dynamic" | "hard";
  readonly student: string;
  /** Images the student was trained on. */
  readonly images: number;
  readonly steps: number;
  /** Test accuracy after the last step. */
  readonly accuracy: Accuracy;
  /** The same students on the way, which selects nothing: the last step counts. Absent from rows of earlier versions. */
  readonly marks?: readonly Mark[];
  /** The same by class, means over the students; null for a class without test images. Absent from rows of earlier versions. */
  readonly byClass?: readonly (number | null)[];
  /** Seconds of one student's training, mean over the students, without compiling and measuring; absent where not known. */
  readonly seconds?: number;
}

/** One value a seed; std is the sample standard deviation (0 for one seed). */
export interface Accuracy {
  readonly values: readonly number[];
  readonly mean: number;
  readonly std: number;
}

/** Test accuracy after a part of the steps. */
export interface Mark {
  /** Part of all the steps: 1/8, 1/4, 1/2. */
  readonly share: number;
  readonly steps: number;
  readonly accuracy: Accuracy;
}

/** A set of one or several that are compared, with one kind of labels. */
export interface LabelledSet extends Pick<AccuracyRow, "method" | "labels"> {
  readonly ipc?: number;
  readonly variant?: string;
}

/** An accuracy, and the first mark at which a row reaches it; `at` is absent where none does. */
export interface Reached {
  readonly accuracy: number;
  readonly at?: Pick<Mark, "share" | "steps">;
}

/** The accuracy of random images after all steps, and the first mark at which a student of a set reaches it. */
export type ReachedBySet = LabelledSet & Pick<AccuracyRow, "student"> & Reached;

/** Numbers by which a set is compared with others, of one student on it. */
export interface Retained extends LabelledSet, Pick<AccuracyRow, "student"> {
  /** Its accuracy as a part of that on all the data, 1 = all of it; absent where that was not measured. */
  readonly share?: number;
  /** Points above random images with the same labels: DD-Ranking's improvement over random, IOR. */
  readonly improvement?: number;
  /** Points below all the data, both with hard labels: DD-Ranking's hard-label recovery, HLR; of hard labels only. */
  readonly recovery?: number;
}

/** Kendall's tau-b of two rankings. */
export interface Kendall {
  /** 1 for the same order, -1 for the reverse, about 0 for unrelated ones; absent where one of them is all ties. */
  readonly tau?: number;
  /** Pairs that both order alike, of all n (n - 1) / 2. */
  readonly agreeing: number;
  readonly pairs: number;
}

/** Agreement of the students' order by mean accuracy on a set with that on all the data. */
export type Ranking = LabelledSet & Kendall & { readonly students: number };

/** Stands for a method where students were trained on all the data. */
export const allData = "full";

/** What a student's curve is of. */
export interface StudentOf extends Pick<AccuracyRow, "method" | "labels" | "student"> {
  /** Number of the student among those of its row. */
  readonly seed: number;
}

/** One line of a plot. */
export interface Curve {
  readonly group: "teacher" | "set" | "student";
  /** Of students only. */
  readonly of?: StudentOf;
  /** e.g. "convnet128x3" or "base 2, teacher 0" or "sre2l 3" or "infer static convnet128x3 seed 1". */
  readonly name: string;
  readonly steps: readonly number[];
  /** Named series over `steps`, e.g. { loss: [...] } or { crossEntropy: [...], statistics: [...] }. */
  readonly series: Readonly<Record<string, readonly number[]>>;
}

/** A class as the data name it, and what people call it where that is another. */
export interface NamedClass {
  readonly className: string;
  readonly words?: string;
}

/** One line of the gallery, a training image and what it is made of: pictures as PNG files in memory. */
export interface GalleryItem extends NamedClass {
  /** The base as it is stored. */
  readonly base: Uint8Array;
  /** The compensator with its contrast stretched to the full range; absent of sets that have none. */
  readonly compensator?: Uint8Array;
  /** The training image; absent where the base itself is it. */
  readonly image?: Uint8Array;
  /** e.g. "base 0, teacher convnet128x3". */
  readonly caption: string;
  /** Most probable classes of its stored label, as probabilities at temperature 1. */
  readonly topLabels: readonly (NamedClass & { readonly probability: number })[];
}
