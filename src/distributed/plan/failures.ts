// Failures of a plan's jobs, kept in the store for whoever tries again or gathers.
import { hostname } from "node:os";
import { z } from "zod";
import type { ArtefactStore } from "../artefacts/store.ts";
import { type Plan, planId } from "./plan.ts";

const failureSchema = z.object({ tries: z.int().min(1), message: z.string(), host: z.string() });

/** The failures of one job so far, with the message of the last. */
export type Failure = z.infer<typeof failureSchema>;

/** A job that failed so often is not tried again by itself. */
export const mostTries = 3;

export interface Failures {
  of(index: number): Promise<Failure | undefined>;
  /** Adds a failure of a job. */
  add(index: number, message: string): Promise<Failure>;
  forget(index: number): Promise<void>;
}

export const failuresOf = (plan: Plan, store: ArtefactStore): Failures => {
  const folder = `failures/${planId(plan).slice(0, 16)}`;
  const of: Failures["of"] = async (index) => {
    const bytes = await store.get(`${folder}/${index}.json`);
    if (bytes === undefined) return undefined;
    return failureSchema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data;
  };
  return {
    of,
    add: async (index, message) => {
      const failure = { tries: ((await of(index))?.tries ?? 0) + 1, message, host: hostname() };
      await store.put(`${folder}/${index}.json`, Buffer.from(JSON.stringify(failure)));
      return failure;
    },
    forget: (index) => store.remove(`${folder}/${index}.json`),
  };
};

/** `failed twice, last on node3: a loss became NaN`. */
export const describeFailure = ({ tries, message, host }: Failure): string =>
  `failed ${tries === 1 ? "once" : tries === 2 ? "twice" : `${tries} times`}, last on ${host}: ${message}`;
