// The networks of files that a command has loaded.
import { resolve } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import type { NetworkTask } from "../../tasks/task.ts";
import type { Model } from "../model.ts";
import { loadModule } from "./module-file.ts";
import { readOnnx } from "./onnx-file.ts";
import { isNetworkFile, isOnnx, type OwnNetwork, shortName } from "./own-file.ts";

/** By path, as a recipe has it, and by name, as results have it. */
const known = new Map<string, OwnNetwork>();

/** The same network is built once for a task: tracing it to check it takes a while. */
const remembered = ({ name, build }: OwnNetwork): OwnNetwork => {
  const models = new WeakMap<NetworkTask, Model>();
  return {
    name,
    build: (task) => {
      const model = models.get(task) ?? build(task);
      models.set(task, model);
      return model;
    },
  };
};

/** The network of a file that was loaded, by its path or its name. */
export const findLoaded = (entry: string): OwnNetwork | undefined => known.get(entry);

/**
 * Loads the networks of files; what is no such file is passed over. `taken` are names of other networks.
 * @throws USAGE, CHECKPOINT where a file holds none, and USAGE for two files of one name.
 */
export const loadFiles = async (entries: readonly string[], taken: (name: string) => boolean): Promise<void> => {
  const names = new Map<string, string>();
  for (const path of new Set(entries.filter(isNetworkFile))) {
    const name = shortName(path, taken);
    const other = names.get(name);
    if (other !== undefined && resolve(other) !== resolve(path)) {
      throw new DistilleryError(
        "USAGE",
        `networks ${other} and ${path} would both be called ${name}; rename one of the files`,
      );
    }
    const network = remembered(await (isOnnx(path) ? readOnnx(path, name) : loadModule(path, name)));
    names.set(name, path);
    known.set(path, network).set(name, network);
  }
};
