// The time and memory that each set of a comparison has cost.
import { z } from "zod";
import { writeJson } from "../../support/files.ts";
import { readJson } from "../../support/json-files.ts";
import { type PeakMemory, watchMemory } from "../../support/peak-memory.ts";
import { readSeconds, timed } from "../folder/run-folder.ts";
import type { TimedStage } from "../method-set.ts";
import { type CompareFolder, type SetOf, setName, workName } from "./folder.ts";

/**
 * Seconds and memory of making a set here so far, teachers apart, over all the times that it was taken up; the part of other
 * processes is not known.
 */
export interface Cost {
  readonly seconds?: number;
  readonly peakMemory?: PeakMemory;
}

/** What several sets share is on one account: compensators of INFER and its noise, whatever is only stored otherwise. */
const accountOf = (set: SetOf, stage: TimedStage): string =>
  `${stage === "labels" ? setName(set) : workName(set)} ${stage}`;

const stages: readonly TimedStage[] = ["distil", "labels"];

const memorySchema = z.record(z.string(), z.strictObject({ bytes: z.number(), by: z.enum(["VmHWM", "sampled"]) }));

const readMemory = async ({ memory }: CompareFolder): Promise<Record<string, PeakMemory>> =>
  (await readJson(memory, memorySchema)) ?? {};

const larger = (a: PeakMemory | undefined, b: PeakMemory): PeakMemory => (a !== undefined && a.bytes > b.bytes ? a : b);

/** Runs a stage of making a set, and puts its seconds and its peak of memory on the set's account. */
export const costing =
  (folder: CompareFolder, set: SetOf) =>
  <T>(stage: TimedStage, work: () => Promise<T>): Promise<T> => {
    const account = accountOf(set, stage);
    const seen = async (peak: PeakMemory): Promise<void> => {
      const known = await readMemory(folder);
      await writeJson(folder.memory, { ...known, [account]: larger(known[account], peak) });
    };
    return timed(folder, account, () => watchMemory(work, seen));
  };

/** What a set has cost; compensators count for each set that needs them. */
export const costOf = async (folder: CompareFolder, set: SetOf): Promise<Cost> => {
  const seconds = await readSeconds(folder);
  const memory = await readMemory(folder);
  const accounts = stages.map((stage) => accountOf(set, stage));
  const peaks = accounts.flatMap((account) => memory[account] ?? []);
  const spent = accounts.flatMap((account) => seconds[account] ?? []);
  return {
    ...(spent.length > 0 && { seconds: spent.reduce((sum, one) => sum + one, 0) }),
    ...(peaks.length > 0 && { peakMemory: peaks.reduce<PeakMemory>(larger, peaks[0]!) }),
  };
};
