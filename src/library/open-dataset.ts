// Opening a data set by its name or folder.
import type { Dataset } from "../data/dataset.ts";
import { openDataset as open, type SourceOptions } from "../data/sources/source.ts";
import { contextOf, type WorkOptions } from "./work.ts";

export type DatasetOptions = WorkOptions & Partial<Omit<SourceOptions, "progress" | "signal">>;

/**
 * Opens demo, cifar10, cifar100 or an image folder, with the options of `distillery data`. Nothing is downloaded unless
 * `download` is true. @throws DistilleryError USAGE, DATA, IMAGE, DOWNLOAD.
 */
export const openDataset = (source: string, options: DatasetOptions = {}): Promise<Dataset> => {
  const { onProgress: _, ...given } = options;
  return open(source, { seed: 0, skipUnreadable: false, download: false, ...given, ...contextOf(options) });
};
