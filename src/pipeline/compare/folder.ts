// Paths in a comparison's folder.
import { join } from "node:path";
import { methodNamed } from "../../distill/registry.ts";
import { type RunFolder, runFolder } from "../folder/run-folder.ts";
import type { Entry } from "../recipe/entry.ts";

/** A comparison's folder: that of a run, with a set for every method and budget instead of one. */
export interface CompareFolder extends RunFolder {
  /** Peak memory by stage. */
  readonly memory: string;
  readonly comparisonMarkdown: string;
}

/** It shares data and teachers with a run in the same folder, and nothing else. */
export const compareFolder = (path: string): CompareFolder => ({
  ...runFolder(path),
  shared: join(path, "work", "networks"),
  students: join(path, "students"),
  seconds: join(path, "comparison-seconds.json"),
  memory: join(path, "comparison-memory.json"),
  reportJson: join(path, "comparison.json"),
  reportHtml: join(path, "comparison.html"),
  comparisonMarkdown: join(path, "comparison.md"),
});

/** One set of a comparison: an entry at a budget, from a draw of first images. */
export type SetOf = Entry & { readonly ipc: number; readonly draw?: number };

/** `infer-ipc10`, with settings of its own `infer-ipc10-labelBytes=4KB`, from the second draw `infer-ipc10-draw1`. */
const nameWith = ({ method, ipc, draw = 0 }: SetOf, settings: string | undefined): string =>
  [`${method}-ipc${ipc}`, ...(settings?.split(" ") ?? []), ...(draw > 0 ? [`draw${draw}`] : [])].join("-");

export const setName = (set: SetOf): string => nameWith(set, set.variant);

/** Where a set lies, relative to the comparison's folder. */
export const setPath = (set: SetOf): string => join("sets", setName(set));

/** Name of the work that a set stands on: the same however it is stored, and another method's where its own stands on that. */
export const workName = (set: SetOf): string =>
  nameWith({ ...set, method: methodNamed(set.method).worksOn ?? set.method }, set.making);

/** Where what leads to a set is kept. */
export const workPath = (set: SetOf): string => join("work", workName(set));
