// The networks of files that a command has loaded.
import type { NetworkTask } from "../../tasks/task.ts";
import type { Model } from "../model.ts";
import type { OwnNetwork } from "./own-file.ts";

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

/** Makes the network of a path known. */
export const know = (path: string, network: OwnNetwork): void => {
  const once = remembered(network);
  known.set(path, once).set(once.name, once);
};

/** The network of a file that was loaded, by its path or its name. */
export const findLoaded = (entry: string): OwnNetwork | undefined => known.get(entry);
