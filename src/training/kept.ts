// Jobs whose results lie in files of their own.
import type { Tensor } from "../autodiff/index.ts";
import type { Device, Tensors } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { lazy } from "../support/lazy.ts";
import type { Context } from "../support/work/context.ts";
import type { JobFiles, KeptJob, Offer } from "../support/work/executor.ts";
import { numbered, type Progress, type ProgressTask } from "../support/work/progress.ts";
import { checkpointFile, readStored, removeStored, unlessDamaged, writeStored } from "./checkpoint.ts";
import { type Job, machineOf, openLane, runJobs, type Worker } from "./jobs.ts";
import { type History, type Loop, runLoop, type Scalars } from "./loop.ts";
import { rehearseJobs } from "./rehearse-jobs.ts";
import type { Stored } from "./stored.ts";

export type { Json, KeptJob } from "../support/work/executor.ts";

/** Makes the results of jobs. Any progress that it reports, up to a job's cost, goes to the common bar. */
export type Maker<Made = Stored> = (job: KeptJob, worker: Worker, context: Context) => Promise<Made>;

/** Reads and writes the files of results, each with its job's key. */
export interface Store<Made, Found> {
  readonly ending: string;
  /** Reads a result; undefined where the file is of another job, was cut short or rotted. */
  read(file: string, key: string, progress: Progress): Promise<Found | undefined>;
  write(file: string, key: string, made: Made): Promise<Found>;
}

/** A kind of jobs, by which a process that is handed one finds out how its result is made. */
export interface JobKind<Around extends KeptAround, Made = Stored, Found = Kept> {
  readonly kind: string;
  readonly store: Store<Made, Found>;
  /** Names of files that are told of a result beside it, and of checkpoints besides the usual one. */
  readonly files?: (job: KeptJob, around: Around) => Partial<Omit<JobFiles, "result">>;
  /** Prepares once what all jobs of one work share. */
  open(around: Around): Promise<Maker<Made>>;
}

/** The device and the folder of a work's jobs. */
export interface KeptAround extends Context {
  readonly folder: string;
  readonly device: Device;
}

/** The file of a result and its metadata; the tensors wait on the disk, so that memory does not grow with the works. */
export interface Kept {
  readonly file: string;
  readonly metadata: Stored["metadata"];
}

/** Tensors in safetensors files; they wait on the disk, so that memory does not grow with the jobs. */
export const tensorStore: Store<Stored, Kept> = {
  ending: ".safetensors",
  read: async (file, key, progress) => {
    const stored = await unlessDamaged(file, progress, () => readStored(file));
    return stored?.metadata.key === key && stored.sealed ? { file, metadata: stored.metadata } : undefined;
  },
  write: async (file, key, made) => {
    const metadata = { key, ...made.metadata };
    await writeStored(file, { tensors: made.tensors, metadata });
    return { file, metadata };
  },
};

/** The file of a job's result, of tensors where nothing else is said. */
export const fileOf = (
  folder: string,
  { name }: Pick<KeptJob, "name">,
  { ending }: Pick<Store<unknown, unknown>, "ending"> = tensorStore,
): string => `${folder}/${name}${ending}`;

/** The name of a job's checkpoint. */
const partialName = ({ name }: KeptJob): string => `${name}.partial`;

const partialOf = (folder: string, job: KeptJob): string => `${folder}/${partialName(job)}`;

/** Progress whose first task, a job's longest, also tells how much of it is done, from 0 to 1. */
const following = (progress: Progress, tell: (part: number) => void): Progress => {
  let tasks = 0;
  return {
    ...progress,
    task: (title, total) => {
      const task = progress.task(title, total);
      if (tasks++ > 0) return task;
      return {
        done: task.done,
        update: (done, scalars) => {
          task.update(done, scalars);
          if (total > 0) tell(done / total);
        },
      };
    },
  };
};

const lost = (file: string): never => {
  throw new DistilleryError("CHECKPOINT", `${file}: its result was here and is gone; run the same command again`);
};

/** Makes one job's result into its file and takes its checkpoint away. */
export const makeKept = async <Around extends KeptAround, Made, Found>(
  { store }: JobKind<Around, Made, Found>,
  make: Maker<Made>,
  folder: string,
  job: KeptJob,
  worker: Worker,
  context: Context,
): Promise<Found> => {
  const found = await store.write(fileOf(folder, job, store), job.key, await make(job, worker, context));
  await removeStored(partialOf(folder, job));
  return found;
};

/**
 * Does what is not done yet of some jobs of one kind, several at a time, and returns all results in their order; see
 * `runJobs`. They share one bar, where it has a title, and are numbered and have bars of their own as well where it has none.
 * `bytes` estimates the memory of the largest.
 */
export const runKept = async <Around extends KeptAround, Made, Found>(
  title: string | undefined,
  kind: JobKind<Around, Made, Found>,
  jobs: readonly KeptJob[],
  bytes: () => number,
  around: Around,
): Promise<Found[]> => {
  const { folder, device, progress } = around;
  const total = jobs.reduce((sum, { cost }) => sum + cost, 0);
  const several = jobs.length > 1 ? `${jobs.length} ${jobs[0]!.kind}s` : undefined;
  const overall = title === undefined && several === undefined ? undefined : progress.task(title ?? several!, total);
  const maker = lazy(() => kind.open(around));
  const rehearsing = around.rehearsal && rehearseJobs<KeptJob, Made>(around.rehearsal, folder, jobs, bytes);
  let unitsDone = 0;
  const { before, of } = around.among ?? { before: 0, of: jobs.length };
  /** Jobs that were found or begun. */
  let begun = before;
  const jobOf = (job: KeptJob, made: Parameters<Offer["here"]>[0]): Job<Found> => {
    const { key, cost } = job;
    /** Units done of this work, so that the one bar of all can go on by the difference. */
    let own = 0;
    const advance: ProgressTask["update"] = (to, scalars) => {
      unitsDone += to - own;
      own = to;
      overall?.update(unitsDone, scalars);
    };
    return {
      cost,
      finished: async () => {
        const found = await kind.store.read(fileOf(folder, job, kind.store), key, progress);
        if (found === undefined) return undefined;
        // A process that was killed right after it wrote the result left its checkpoint.
        await removeStored(partialOf(folder, job));
        advance(cost);
        begun++;
        rehearsing?.found(job);
        return found;
      },
      work: async (worker, inner) => {
        const bar = { update: advance, done: () => undefined };
        const reports =
          title === undefined
            ? following(numbered(inner.progress, job.kind, { number: ++begun, of }), (part) => advance(part * cost))
            : { ...inner.progress, task: () => bar };
        const opened = await maker.get();
        const make = rehearsing?.of(opened) ?? opened;
        const found = await makeKept(kind, make, folder, job, worker, { ...inner, progress: reports });
        await made?.(job);
        return found;
      },
    };
  };
  const machine = machineOf(device);
  const here = async (made?: Parameters<Offer["here"]>[0]): Promise<Found[]> => {
    const results = await runJobs(
      machine,
      jobs.map((job) => jobOf(job, made)),
      bytes,
      around,
    );
    rehearsing?.tell();
    return results;
  };
  const { executor } = around;
  const read = (job: KeptJob): Promise<Found | undefined> =>
    kind.store.read(fileOf(folder, job, kind.store), job.key, progress);
  /** Units done of each job that others do. */
  const standing = new Map<KeptJob, number>();
  const offer: Offer = {
    folder,
    jobs,
    files: (job) => {
      const { beside = [], checkpoints = [] } = kind.files?.(job, around) ?? {};
      return { result: `${job.name}${kind.store.ending}`, beside, checkpoints: [partialName(job), ...checkpoints] };
    },
    bytes,
    missing: async (among = jobs) => {
      const missing: KeptJob[] = [];
      for (const job of among) if ((await read(job)) === undefined) missing.push(job);
      return missing;
    },
    open: async (threads) => {
      const { worker, close } = await openLane(machine, threads, progress.note);
      const make = await maker.get().catch(async (error: unknown) => {
        await close();
        throw error;
      });
      return {
        make: async (job, inner, advance) => {
          const reports = following(inner.progress, (part) => advance(part * job.cost));
          await makeKept(kind, make, folder, job, worker, { ...inner, progress: reports });
        },
        close,
      };
    },
    here: async (made) => void (await here(made)),
    advance: (job, units) => {
      standing.set(job, units);
      overall?.update([...standing.values()].reduce((sum, own) => sum + own, 0));
    },
  };
  try {
    if (executor === undefined) return await here();
    await executor.run(offer);
    const results: Found[] = [];
    for (const job of jobs) results.push((await read(job)) ?? lost(fileOf(folder, job, kind.store)));
    return results;
  } finally {
    overall?.done();
  }
};

/** A loop, and what of its last state is worth keeping. */
export interface KeptLoop<State, Feeds, Fetches extends Scalars>
  extends Omit<Loop<State, Feeds, Fetches>, "checkpoint"> {
  readonly keep: (state: Tensors<State>) => Stored["tensors"];
}

/** The checkpoint of a job that is a loop; it lies beside its file meanwhile. */
export const checkpointOf = (folder: string, job: KeptJob) => checkpointFile(partialOf(folder, job), job.key);

/** A job's result by a loop; its history goes into the metadata. */
export const runKeptLoop = async <State, Feeds, Fetches extends Scalars>(
  folder: string,
  job: KeptJob,
  { keep, ...loop }: KeptLoop<State, Feeds, Fetches>,
  context: Context,
): Promise<Stored> => {
  const checkpoint = checkpointOf(folder, job);
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

/** The history that a kept loop measured. */
export const historyOf = ({ metadata }: Kept): History => JSON.parse(metadata.history!);
