// Opening a set from its folder, its address or its files in memory.
import { openSetAt } from "../hub/open-set.ts";
import { type DeviceName, openDevice } from "../runtime/index.ts";
import { readSet, type SetFiles, setFromFiles } from "../sets/index.ts";
import { type TrainingSet, trainingSetOf } from "./training-set.ts";
import { contextOf, type WorkOptions } from "./work.ts";

export interface OpenSetOptions extends WorkOptions {
  /** Decodes the images of sets that do not store them as they are; cpu by default. */
  readonly device?: DeviceName;
}

/**
 * Opens a distilled set, given as its folder, as hf://USER/NAME or https://HOST/FOLDER, which are fetched into the cache, or as
 * the bytes of its files by their paths in it, after checking all of it.
 * @throws DistilleryError SET with the first thing that is wrong, DOWNLOAD, INTERRUPTED.
 */
export const openSet = async (set: string | SetFiles, options: OpenSetOptions = {}): Promise<TrainingSet> => {
  const stored =
    typeof set === "string" ? await readSet(await openSetAt(set, contextOf(options))) : await setFromFiles(set);
  return trainingSetOf(stored, () => openDevice(options.device ?? "cpu"));
};
