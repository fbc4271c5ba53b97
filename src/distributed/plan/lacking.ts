// Words for jobs whose results are not there.
import { listed, plural } from "../../support/format.ts";
import { describeFailure, type Failures } from "./failures.ts";
import { describeJob, type Plan, type PlannedJob } from "./plan.ts";

/** The job of a plan whose result lies under this name. */
export const jobNamed = ({ jobs }: Plan, folder: string, name: string): PlannedJob => {
  const job = jobs.find((one) => one.folder === folder && one.name === name);
  if (job === undefined) throw new RangeError(`the plan has no job ${folder}/${name}`);
  return job;
};

const most = 4;

/** `jobs 0 (2-teachers/0-convnet) and 3 (...)`, those that failed with what they said. */
export const describeLacking = async (jobs: readonly PlannedJob[], failures: Failures): Promise<string> => {
  const words: string[] = [];
  for (const job of jobs.slice(0, most)) {
    const failure = await failures.of(job.index);
    words.push(describeJob(job) + (failure === undefined ? "" : `, which ${describeFailure(failure)}`));
  }
  if (jobs.length > most) words.push(`${plural(jobs.length - most, "other")}`);
  return `${jobs.length === 1 ? "job" : "jobs"} ${listed(words)}`;
};
