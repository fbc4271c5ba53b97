// Paths in a run's folder, and the seconds that its stages have taken.
import { join } from "node:path";
import { z } from "zod";
import type { Curve } from "../../evaluation/rows.ts";
import { writeJson } from "../../support/files.ts";
import { type Damaged, readJson, readSealed, writeSealed } from "../../support/json-files.ts";
import { historySchema } from "../../training/loop.ts";

/** A run's folder, its artefacts numbered in the order in which they are made. */
export interface RunFolder {
  readonly path: string;
  readonly recipe: string;
  readonly dataset: string;
  readonly teachers: string;
  /** What `teach` reports. */
  readonly teachersJson: string;
  /** The folder that a method works in. */
  readonly work: string;
  /** Networks whose features are matched. */
  readonly shared: string;
  readonly set: string;
  readonly students: string;
  /** What was measured while the set was made. */
  readonly curves: string;
  /** Seconds by stage. */
  readonly seconds: string;
  readonly reportJson: string;
  readonly reportHtml: string;
  /** Folders of ours below, those of a comparison too. */
  readonly owned: readonly string[];
}

export const runFolder = (path: string): RunFolder => ({
  path,
  recipe: join(path, "recipe.yaml"),
  dataset: join(path, "1-dataset.json"),
  teachers: join(path, "2-teachers"),
  teachersJson: join(path, "teachers.json"),
  work: join(path, "3-distil"),
  shared: join(path, "3-distil", "networks"),
  set: join(path, "4-set"),
  students: join(path, "5-students"),
  curves: join(path, "curves.json"),
  seconds: join(path, "seconds.json"),
  reportJson: join(path, "report.json"),
  reportHtml: join(path, "report.html"),
  owned: ["2-teachers", "3-distil", "5-students", "students", "sets", "work"].map((name) => join(path, name)),
});

const secondsSchema = z.record(z.string(), z.number());
const curvesSchema = z.strictObject({
  curves: z.array(z.strictObject({ group: z.literal("set"), name: z.string(), ...historySchema.shape })),
});

/** Seconds by stage, over all the times that a run was taken up. */
export const readSeconds = async ({ seconds }: RunFolder, damaged?: Damaged): Promise<Record<string, number>> =>
  (await readJson(seconds, secondsSchema, damaged)) ?? {};

export const writeCurves = (folder: RunFolder, curves: readonly Curve[]): Promise<void> =>
  writeSealed(folder.curves, { curves });

/** Reads what was measured while the set in this folder was made; nothing, where that cannot be read any more. */
export const readCurves = async ({ curves }: RunFolder, damaged?: Damaged): Promise<readonly Curve[]> =>
  (await readSealed(curves, curvesSchema, damaged))?.curves ?? [];

/** The last write of each account: stages that end at the same time add to it one after the other. */
const writing = new Map<string, Promise<void>>();

/** Runs a stage and adds its time to the folder's account, also when it fails; `before` are milliseconds spent already. */
export const timed = async <T>(folder: RunFolder, stage: string, work: () => Promise<T>, before = 0): Promise<T> => {
  const started = performance.now();
  const add = async (): Promise<void> => {
    const seconds = await readSeconds(folder);
    const total = (seconds[stage] ?? 0) + (before + performance.now() - started) / 1000;
    await writeJson(folder.seconds, { ...seconds, [stage]: Math.round(1000 * total) / 1000 });
  };
  const account = (): Promise<void> => {
    const turn = (writing.get(folder.seconds) ?? Promise.resolve()).then(add);
    const over = turn.catch(() => undefined);
    writing.set(folder.seconds, over);
    return turn;
  };
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // On a full disk the account cannot be written either; the first failure says more.
    await account().catch(() => undefined);
    throw error;
  }
  await account();
  return result;
};
