// Jobs whose results lie in files of their own.
import type { Tensor } from "../autodiff/index.ts";
import type { Device, Tensors } from "../runtime/index.ts";
import type { Context } from "../support/context.ts";
import { DistilleryError } from "../support/errors.ts";
import type { ProgressTask } from "../support/progress.ts";
import { readStored, type Stored, unlessDamaged, writeStored } from "./checkpoint.ts";
import { type Job, type Lane, machineOf, runJobs } from "./jobs.ts";
import { forget, type History, type Loop, runLoop, type Scalars } from "./loop.ts";

/** What can be written as JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Work as data: whoever has the same recipe, data and teachers makes the same result of it, here or in another process. */
export interface KeptJob {
  /** Who makes it: the name of a `JobKind`. */
  readonly kind: string;
  /** Names the file of its result in the folder of the work. */
  readonly name: string;
  /** What its maker has to know besides. */
  readonly spec: Json;
  /** Digest of everything that determines the result. */
  readonly key: string;
  /** Its length on the bar that it shares with the others: steps, images. */
  readonly cost: number;
}

/** Makes the results of jobs. Any progress that it reports, up to a job's cost, goes to the common bar. */
export type Maker = (job: KeptJob, lane: Lane, context: Context) => Promise<Stored>;

/** A kind of jobs, by which a process that is handed one finds out how its result is made. */
export interface JobKind<Around extends KeptAround> {
  readonly kind: string;
  /** What all jobs of one work share is prepared once. */
  open(around: Around): Promise<Maker>;
}

/** Where jobs are done and kept. */
export interface KeptAround extends Context {
  readonly folder: string;
  readonly device: Device;
}

/** Where a result lies, and what was said of it; the tensors wait on the disk, so that memory does not grow with the works. */
export interface Kept {
  readonly file: string;
  readonly metadata: Stored["metadata"];
}

const partialOf = (file: string): string => file.replace(/(\.safetensors)?$/, ".partial");

/** The file of a job's result. */
export const fileOf = (folder: string, { name }: Pick<KeptJob, "name">): string => `${folder}/${name}.safetensors`;

/** Makes one job's result into its file and takes its checkpoint away. */
export const makeKept = async (make: Maker, folder: string, job: KeptJob, lane: Lane, context: Context) => {
  const file = fileOf(folder, job);
  const made = await make(job, lane, context);
  const metadata = { key: job.key, ...made.metadata };
  await writeStored(file, { tensors: made.tensors, metadata });
  await forget({ file: partialOf(file) });
  return { file, metadata };
};

/**
 * Does what is not done yet of some jobs of one kind, several at a time, and returns all results in their order; see
 * `runJobs`. `bytes` estimates the memory of the largest.
 */
export const runKept = async <Around extends KeptAround>(
  title: string,
  { open }: JobKind<Around>,
  jobs: readonly KeptJob[],
  bytes: () => number,
  around: Around,
): Promise<Kept[]> => {
  const { folder, device, progress } = around;
  const overall = progress.task(
    title,
    jobs.reduce((sum, { cost }) => sum + cost, 0),
  );
  let maker: Promise<Maker> | undefined;
  let unitsDone = 0;
  const jobOf = (job: KeptJob): Job<Kept> => {
    const { key, cost } = job;
    const file = fileOf(folder, job);
    /** Of this work, so that the one bar of all can go on by the difference. */
    let own = 0;
    const advance: ProgressTask["update"] = (to, scalars) => {
      unitsDone += to - own;
      own = to;
      overall.update(unitsDone, scalars);
    };
    return {
      cost,
      finished: async () => {
        const stored = await unlessDamaged(file, progress, () => readStored(file));
        if (stored?.metadata.key !== key || !stored.sealed) return undefined;
        // A process that was killed right after it wrote the result left its checkpoint.
        await forget({ file: partialOf(file) });
        advance(cost);
        return { file, metadata: stored.metadata };
      },
      work: async (lane, inner) => {
        const bar = { update: advance, done: () => undefined };
        maker ??= open(around);
        return makeKept(await maker, folder, job, lane, { ...inner, progress: { ...inner.progress, task: () => bar } });
      },
    };
  };
  try {
    return await runJobs(machineOf(device), jobs.map(jobOf), bytes, around);
  } finally {
    overall.done();
  }
};

/** A loop, and what of its last state is worth keeping. */
export interface KeptLoop<State, Feeds, Fetches extends Scalars>
  extends Omit<Loop<State, Feeds, Fetches>, "checkpoint"> {
  readonly keep: (state: Tensors<State>) => Stored["tensors"];
}

/** A job's result by a loop: its checkpoint lies beside the file meanwhile, its history goes into the metadata. */
export const runKeptLoop = async <State, Feeds, Fetches extends Scalars>(
  folder: string,
  job: KeptJob,
  { keep, ...loop }: KeptLoop<State, Feeds, Fetches>,
  context: Context,
): Promise<Stored> => {
  const checkpoint = { file: partialOf(fileOf(folder, job)), key: job.key };
  const { state, history } = await runLoop({ ...loop, checkpoint }, context);
  return { tensors: keep(state), metadata: { history: JSON.stringify(history) } };
};

/** A tensor that a job kept. @throws CHECKPOINT where its file has gone or was changed since. */
export const keptTensor = async ({ file }: Kept, name: string): Promise<Tensor> => {
  const tensor = (await readStored(file))?.tensors[name];
  if (tensor === undefined)
    throw new DistilleryError("CHECKPOINT", `${file}: expected its tensor ${name}, it is missing`);
  return tensor;
};

/** What a kept loop measured. */
export const historyOf = ({ metadata }: Kept): History => JSON.parse(metadata.history!);
