// Accuracy after every epoch of a training.
import { z } from "zod";
import type { Stepper, Tensors } from "../runtime/index.ts";
import { writeJson } from "../support/files.ts";
import { readJson } from "../support/json-files.ts";

/** A measurement at the end of a training's epoch. */
export interface WatchPoint {
  readonly epoch: number;
  readonly step: number;
  /** Seconds of training up to here, without those of watching. */
  readonly seconds: number;
  /** The task's measure, in its unit. */
  readonly accuracy: number;
}

/**
 * A training as it was watched, in a file beside its result: times never go into a result. `interrupted`: it was killed and
 * taken up again, and the seconds lack those of the steps that were done twice.
 */
export interface Watched {
  readonly key: string;
  /** The images that it was measured on. */
  readonly split: "validation" | "test";
  readonly images: number;
  readonly interrupted: boolean;
  readonly points: readonly WatchPoint[];
}

const watchedSchema: z.ZodType<Watched> = z.strictObject({
  key: z.string(),
  split: z.enum(["validation", "test"]),
  images: z.int(),
  interrupted: z.boolean(),
  points: z.array(z.strictObject({ epoch: z.int(), step: z.int(), seconds: z.number(), accuracy: z.number() })),
});

export interface Watch<State> {
  readonly file: string;
  readonly key: string;
  readonly split: Watched["split"];
  readonly images: number;
  readonly stepsPerEpoch: number;
  /** Measures the state on the images, as the task does. */
  readonly look: (state: Tensors<State>, epoch: number) => Promise<number>;
}

/** The watch file of a training whose result is `weights`. */
export const watchFile = (weights: string): string => `${weights.replace(/\.safetensors$/, "")}.watch.json`;

/** Reads a training's watch file; undefined where there is none or, with `key`, where it is of other work. */
export const readWatched = async (file: string, key?: string): Promise<Watched | undefined> => {
  const found = await readJson(file, watchedSchema);
  return key === undefined || found?.key === key ? found : undefined;
};

/**
 * A loop's stepper and feeds, with a look at the state after the last step of every epoch. A look changes nothing of what
 * is learnt; training waits for it.
 */
export const watched = <State, Feeds, Fetches>(
  stepper: Stepper<State, Feeds, Fetches>,
  feeds: (step: number) => Promise<Tensors<Feeds>>,
  { file, key, split, images, stepsPerEpoch, look }: Watch<State>,
): { stepper: Stepper<State, Feeds, Fetches>; feeds: (step: number) => Promise<Tensors<Feeds>> } => {
  /** Steps done; the first feeds that are asked for tell where a loop takes up its work. */
  let done: number | undefined;
  let record: Watched | undefined;
  let since = 0;
  const begin = async (at: number): Promise<Watched> => {
    const known = at === 0 ? undefined : await readWatched(file, key);
    const points = known?.points.filter(({ step }) => step <= at) ?? [];
    since = performance.now() - 1000 * (points.at(-1)?.seconds ?? 0);
    return { key, split, images, interrupted: at > 0, points };
  };
  return {
    feeds: (step) => {
      done ??= step;
      return feeds(step);
    },
    stepper: {
      ...stepper,
      run: async (given) => {
        record ??= await begin(done ?? 0);
        const fetched = await stepper.run(given);
        const step = (done ?? 0) + 1;
        done = step;
        if (step % stepsPerEpoch === 0) {
          const before = performance.now();
          const epoch = step / stepsPerEpoch;
          const accuracy = await look(await stepper.read(), epoch);
          const seconds = Math.round(before - since) / 1000;
          record = { ...record, points: [...record.points, { epoch, step, seconds, accuracy }] };
          await writeJson(file, record);
          since += performance.now() - before;
        }
        return fetched;
      },
    },
  };
};
