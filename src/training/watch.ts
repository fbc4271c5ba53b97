// Accuracy after every epoch of a training.
import { z } from "zod";
import type { Tensors } from "../runtime/index.ts";
import { writeJson } from "../support/files.ts";
import { readJson } from "../support/json-files.ts";
import type { Watcher } from "./loop.ts";

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

/** Keeps the measure of every epoch in the watch file. */
export const watched = <State>({ file, key, split, images, stepsPerEpoch, look }: Watch<State>): Watcher<State> => {
  let record: Watched = { key, split, images, interrupted: false, points: [] };
  let since = 0;
  return {
    every: stepsPerEpoch,
    begin: async (at) => {
      const known = at === 0 ? undefined : await readWatched(file, key);
      const points = known?.points.filter(({ step }) => step <= at) ?? [];
      record = { ...record, interrupted: at > 0, points };
      since = performance.now() - 1000 * (points.at(-1)?.seconds ?? 0);
    },
    see: async (state, step) => {
      const before = performance.now();
      const epoch = step / stepsPerEpoch;
      const accuracy = await look(state, epoch);
      const seconds = Math.round(before - since) / 1000;
      record = { ...record, points: [...record.points, { epoch, step, seconds, accuracy }] };
      await writeJson(file, record);
      since += performance.now() - before;
    },
  };
};
