import { join } from "node:path";
import type { Method } from "../../formats/index.ts";
import { type RunFolder, runFolder } from "../run-folder.ts";

/** A comparison's folder: that of a run, with a set for every method and budget instead of one. */
export interface CompareFolder extends RunFolder {
  /** Peak memory by stage. */
  readonly memory: string;
  readonly comparisonMarkdown: string;
}

/** It shares data and teachers with a run in the same folder, and nothing else. */
export const compareFolder = (path: string): CompareFolder => ({
  ...runFolder(path),
  students: join(path, "students"),
  seconds: join(path, "comparison-seconds.json"),
  memory: join(path, "comparison-memory.json"),
  reportJson: join(path, "comparison.json"),
  reportHtml: join(path, "comparison.html"),
  comparisonMarkdown: join(path, "comparison.md"),
});

/** One set of a comparison: `infer-ipc10`. */
export const setName = (method: Method, ipc: number): string => `${method}-ipc${ipc}`;

/** Where a set lies, relative to the comparison's folder. */
export const setPath = (name: string): string => join("sets", name);

/** Whose compensators a method works on: noise is given the norms of INFER's own. */
export const workName = (method: Method, ipc: number): string =>
  setName(method === "infer-noise" ? "infer" : method, ipc);

/** Where what leads to a set is kept. */
export const workPath = (name: string): string => join("work", name);
