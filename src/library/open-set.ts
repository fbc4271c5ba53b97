// Opening a set from its folder or from its files in memory.
import { type DeviceName, openDevice } from "../runtime/index.ts";
import { readSet, type SetFiles, setFromFiles } from "../sets/index.ts";
import { type TrainingSet, trainingSetOf } from "./training-set.ts";

export interface OpenSetOptions {
  /** Decodes the images of sets that do not store them as they are; cpu by default. */
  readonly device?: DeviceName;
}

/**
 * Opens a distilled set, given as its folder or as the bytes of its files by their paths in it, after checking all of it.
 * @throws DistilleryError SET with the first thing that is wrong.
 */
export const openSet = async (set: string | SetFiles, { device = "cpu" }: OpenSetOptions = {}): Promise<TrainingSet> =>
  trainingSetOf(typeof set === "string" ? await readSet(set) : await setFromFiles(set), () => openDevice(device));
