// Files that define networks: their kinds, and the names that they are known by.
import { basename } from "node:path";
import type { NetworkTask } from "../../tasks/task.ts";
import type { Model } from "../model.ts";

/** A network that a file defines. */
export interface OwnNetwork {
  /** Short and safe in names of files: "mine" of nets/mine.mjs. */
  readonly name: string;
  /** @throws CHECKPOINT or USAGE where the network does not fit the task. */
  build(task: NetworkTask): Model;
}

const ending = /\.(onnx|mjs|js|mts|ts)$/i;

/** True for the path of an ONNX file or of a module. */
export const isNetworkFile = (entry: string): boolean => ending.test(entry);

export const isOnnx = (entry: string): boolean => entry.toLowerCase().endsWith(".onnx");

/** The short name of a file's network; `taken` ones are told apart by the file's kind. */
export const shortName = (path: string, taken: (name: string) => boolean): string => {
  const [, kind = ""] = ending.exec(path) ?? [];
  const safe = (text: string): string =>
    text
      .replace(/[^A-Za-z0-9_]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 60);
  const name = safe(basename(path).replace(ending, "")) || "network";
  return taken(name) ? `${name}-${kind.toLowerCase()}` : name;
};
