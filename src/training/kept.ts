import type { Tensors } from "../runtime/index.ts";
import type { Context } from "../support/context.ts";
import { readStored, type Stored, unlessDamaged, writeStored } from "./checkpoint.ts";
import { type Job, type Lane, type Machine, runJobs } from "./jobs.ts";
import { forget, type History, type Loop, runLoop, type Scalars } from "./loop.ts";

/** Work whose result lies in a safetensors file of its own. */
export interface KeptWork {
  readonly file: string;
  /** Digest of everything that determines the result. */
  readonly key: string;
  /** Its length on the bar that it shares with the others: steps, images. */
  readonly units: number;
  /** The result. Any progress it reports, up to `units`, goes to the common bar. */
  make(lane: Lane, context: Context): Promise<Stored>;
}

/** Where a result lies, and what was said of it; the tensors wait on the disk, so that memory does not grow with the works. */
export interface Kept {
  readonly file: string;
  readonly metadata: Stored["metadata"];
}

const partialOf = (file: string): string => file.replace(/(\.safetensors)?$/, ".partial");

/** Does what is not done yet of some works, several at a time, and returns all of them in their order; see `runJobs`. */
export const runKept = async (
  title: string,
  machine: Machine,
  works: readonly KeptWork[],
  bytes: () => number,
  context: Context,
): Promise<Kept[]> => {
  const overall = context.progress.task(
    title,
    works.reduce((sum, { units }) => sum + units, 0),
  );
  let unitsDone = 0;
  const jobOf = ({ file, key, units, make }: KeptWork): Job<Kept> => {
    /** Of this work, so that the one bar of all can go on by the difference. */
    let own = 0;
    const advance = (to: number, detail?: string): void => {
      unitsDone += to - own;
      own = to;
      overall.update(unitsDone, detail);
    };
    return {
      cost: units,
      finished: async () => {
        const stored = await unlessDamaged(file, context.progress, () => readStored(file));
        if (stored?.metadata.key !== key || !stored.sealed) return undefined;
        // A process that was killed right after it wrote the result left its checkpoint.
        await forget({ file: partialOf(file) });
        advance(units);
        return { file, metadata: stored.metadata };
      },
      work: async (lane, { progress, ...rest }) => {
        const bar = { update: advance, done: () => undefined };
        const made = await make(lane, { ...rest, progress: { ...progress, task: () => bar } });
        const metadata = { key, ...made.metadata };
        await writeStored(file, { tensors: made.tensors, metadata });
        await forget({ file: partialOf(file) });
        return { file, metadata };
      },
    };
  };
  try {
    return await runJobs(machine, works.map(jobOf), bytes, context);
  } finally {
    overall.done();
  }
};

/** What of a loop is known before it is opened: where its result will lie, of which work it is, and its state. */
export interface LoopPlan<State> extends Pick<KeptWork, "file" | "key"> {
  readonly steps: number;
  readonly types: State;
}

/** The rest of a loop, and what of its last state is worth keeping. */
export interface KeptLoop<State, Feeds, Fetches extends Scalars>
  extends Omit<Loop<State, Feeds, Fetches>, "checkpoint" | "steps" | "types"> {
  readonly keep: (state: Tensors<State>) => Stored["tensors"];
}

/** A loop as such work: its checkpoint lies beside the file meanwhile, its history goes into the metadata. */
export const keptLoop = <State, Feeds, Fetches extends Scalars>(
  { file, key, steps, types }: LoopPlan<State>,
  open: (lane: Lane) => Promise<KeptLoop<State, Feeds, Fetches>>,
): KeptWork => ({
  file,
  key,
  units: steps,
  make: async (lane, context) => {
    const { keep, ...loop } = await open(lane);
    const checkpoint = { file: partialOf(file), key };
    const { state, history } = await runLoop({ ...loop, types, steps, checkpoint }, context);
    return { tensors: keep(state), metadata: { history: JSON.stringify(history) } };
  },
});

/** What a kept loop measured. */
export const historyOf = ({ metadata }: Kept): History => JSON.parse(metadata.history!);
