// Exports of a set for other programs, and pushes to the Hub.
import { type Exported, exportFormats, exportSet as write } from "../export/index.ts";
import type { Pushed } from "../hub/push.ts";
import { pushWithImages } from "../pipeline/push.ts";
import type { TrainingSet } from "./training-set.ts";
import { contextOf, type WorkOptions } from "./work.ts";

export interface SetExportOptions extends WorkOptions {
  /** The name of a format: hf, imagefolder, webdataset, npz or safetensors. */
  readonly to: string;
  /** A folder that is not there, or empty. */
  readonly out: string;
}

/** Names and descriptions of the formats. */
export const formats: readonly { readonly name: string; readonly about: string }[] = exportFormats.map(
  ({ name, about }) => ({ name, about }),
);

/** Writes a set's training images, labels and card for other programs. @throws DistilleryError USAGE, DISK, INTERRUPTED. */
export const exportSet = ({ stored }: TrainingSet, options: SetExportOptions): Promise<Exported> =>
  write({ set: stored, to: options.to, out: options.out, ...contextOf(options) });

export interface SetPushOptions extends WorkOptions {
  /** Makes a new data set a private one. */
  readonly private?: boolean;
  /** Title of the commit. */
  readonly message?: string;
  /** Says what would be pushed, and asks nobody. */
  readonly dryRun?: boolean;
}

/** Pushes the set of a folder and its images to hf://user/name. @throws DistilleryError USAGE, SET, HUB, INTERRUPTED. */
export const pushSet = (
  folder: string,
  to: string,
  { onProgress, signal, ...options }: SetPushOptions = {},
): Promise<Pushed> =>
  pushWithImages(folder, to, contextOf({ ...(onProgress && { onProgress }), ...(signal && { signal }) }), options);
