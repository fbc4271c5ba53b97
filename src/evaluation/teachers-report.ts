// The report of trained teachers, written as teachers.json.
import type { History } from "../training/loop.ts";
import type { Watched } from "../training/watch.ts";
import type { Report, TeacherRow } from "./rows.ts";

/** One teacher with its curve and its file. */
export interface TaughtTeacher extends TeacherRow {
  readonly file: string;
  /** Accuracy after every epoch with the seconds of training so far, where the recipe had it watched. */
  readonly watched?: Omit<Watched, "key">;
  readonly history: History;
}

/** The result of `teach`; written as teachers.json. Accuracies are per cent. */
export interface TeachersReport
  extends Pick<Report, "distillery" | "data" | "seconds" | "seed" | "device" | "hardware" | "recipe"> {
  readonly format: "distillery-teachers";
  readonly version: 1;
  readonly teachers: readonly TaughtTeacher[];
}
