// Seconds of a student's training, in a file beside its result: times never go into a result.
import { z } from "zod";
import { writeJson } from "../support/files.ts";
import { readJson } from "../support/json-files.ts";
import type { KeptJob } from "../training/kept.ts";

const timesSchema = z.strictObject({ key: z.string(), seconds: z.number().min(0) });

/** The name of that file. */
export const timesName = ({ name }: Pick<KeptJob, "name">): string => `${name}-seconds.json`;

const timesFile = (folder: string, job: Pick<KeptJob, "name">): string => `${folder}/${timesName(job)}`;

/** Writes the seconds of a job's steps, over all the times that it was taken up. */
export const writeTimes = (folder: string, job: KeptJob, seconds: number): Promise<void> =>
  writeJson(timesFile(folder, job), { key: job.key, seconds: Math.round(1000 * seconds) / 1000 });

/** Reads them; undefined where they are not known, as of students of earlier versions. */
export const readTimes = async (folder: string, job: KeptJob): Promise<number | undefined> => {
  const found = await readJson(timesFile(folder, job), timesSchema);
  return found?.key === job.key ? found.seconds : undefined;
};
