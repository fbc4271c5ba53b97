import type { Report, TeacherRow } from "../evaluation/rows.ts";
import { writeJson } from "../support/files.ts";
import { version } from "../support/version.ts";
import type { Teacher } from "../teachers/teacher.ts";
import type { History } from "../training/loop.ts";
import { readWatched, type Watched, watchFile } from "../training/watch.ts";
import { readSeconds } from "./folder/run-folder.ts";
import { describeDataset, describeHardware, describeTeachers } from "./reporting.ts";
import type { Run } from "./run.ts";
import { plain } from "./set.ts";

interface TaughtTeacher extends TeacherRow {
  readonly file: string;
  /** Accuracy after every epoch with the seconds of training so far, where the recipe had it watched. */
  readonly watched?: Omit<Watched, "key">;
  readonly history: History;
}

/** What `teach` found out; written as teachers.json. Accuracies are per cent. */
export interface TeachersReport
  extends Pick<Report, "distillery" | "data" | "seconds" | "seed" | "device" | "hardware" | "recipe"> {
  readonly format: "distillery-teachers";
  readonly version: 1;
  readonly teachers: readonly TaughtTeacher[];
}

const describe = async (teacher: Teacher, row: TeacherRow): Promise<TaughtTeacher> => {
  const { file, history } = teacher;
  const watched = await readWatched(watchFile(file));
  if (watched === undefined) return { ...row, file, history };
  const { key: _, ...seen } = watched;
  return { ...row, file, watched: seen, history };
};

/** Writes teachers.json beside the teachers' folder and returns what it says. */
export const reportTeachers = async (
  { recipe, data, device, folder }: Run,
  teachers: readonly Teacher[],
): Promise<TeachersReport> => {
  const rows = describeTeachers(teachers);
  const report: TeachersReport = {
    format: "distillery-teachers",
    version: 1,
    distillery: version(),
    data: describeDataset(data),
    teachers: await Promise.all(teachers.map((teacher, j) => describe(teacher, rows[j]!))),
    seconds: await readSeconds(folder),
    seed: recipe.seed,
    device: device.name,
    hardware: describeHardware(),
    recipe: plain(recipe),
  };
  await writeJson(folder.teachersJson, report);
  return report;
};
