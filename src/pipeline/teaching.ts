// Writing the report of trained teachers.
import type { TeacherRow } from "../evaluation/rows.ts";
import type { TaughtTeacher, TeachersReport } from "../evaluation/teachers-report.ts";
import { writeJson } from "../support/files.ts";
import { version } from "../support/version.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { readWatched, watchFile } from "../training/watch.ts";
import { readSeconds } from "./folder/run-folder.ts";
import type { Run } from "./open.ts";
import { plainRecipe } from "./recipe/file.ts";
import { describeDataset, describeHardware, describeTeachers } from "./reporting.ts";

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
  const rows = describeTeachers(teachers, data);
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
    recipe: plainRecipe(recipe),
  };
  await writeJson(folder.teachersJson, report);
  return report;
};
