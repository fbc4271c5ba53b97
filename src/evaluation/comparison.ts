// The result of a comparison.
import type { SetBytes } from "../sets/index.ts";
import type { PeakMemory } from "../support/peak-memory.ts";
import type { AccuracyRow, Report, TeacherRow } from "./rows.ts";

/**
 * Several methods at several budgets under identical labels and steps; written as comparison.json, drawn as comparison.html.
 */
export interface Comparison
  extends Pick<
    Report,
    | "$schema"
    | "data"
    | "distillery"
    | "seed"
    | "device"
    | "hardware"
    | "recipe"
    | "best"
    | "reached"
    | "rankings"
    | "retained"
  > {
  readonly format: "distillery-comparison";
  readonly version: 1;
  /** The training split at 8 bits; the teachers' weights, which dynamic labels need. */
  readonly bytes: { readonly data: number; readonly teachers: number };
  readonly teachers: readonly TeacherRow[];
  /** Budget by budget, methods in the recipe's order. */
  readonly sets: readonly ComparedSet[];
  readonly rows: readonly ComparisonRow[];
  /** What has still to be trained on, in words; absent once all students are. */
  readonly pending?: readonly string[];
  /** Sets whose jobs failed on every try, with the message; absent where none did. */
  readonly failed?: readonly string[];
  /** Seconds of what all sets share: data, teachers, students. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The folder of the comparison, as it was named where the program ran; absent from those of earlier versions. */
  readonly folder?: string;
  /** A command line that does it again. */
  readonly command: string;
}

/** A set of a comparison, its bytes by part as they lie on disk, and what it took to make it, teachers apart. */
export interface ComparedSet {
  readonly method: string;
  readonly ipc: number;
  /** In what it differs from the recipe, as it was asked for: "labelBytes=4KB". */
  readonly variant?: string;
  /** Number of the draw of first images; absent of the first. */
  readonly draw?: number;
  /** Relative to the comparison's folder. */
  readonly folder: string;
  readonly budget: Report["budget"];
  readonly bytes: SetBytes;
  /** How compensators and labels are stored, in words. */
  readonly compensators: string;
  readonly labels: string;
  /** Steps of each part that is learnt by itself: a compensator, a batch of images; absent where nothing is learnt. */
  readonly iterations?: number;
  /** Over all the times that it was taken up; absent where other processes made it. */
  readonly seconds?: number;
  /** The peak of the whole process while it was made; absent where other processes made it. */
  readonly peakMemory?: PeakMemory;
}

export interface ComparisonRow extends AccuracyRow {
  /** Absent for all the data. */
  readonly ipc?: number;
  readonly variant?: string;
  /** What it takes to train so: the set, with dynamic labels the teachers as well; or all the data. */
  readonly bytes: number;
}
