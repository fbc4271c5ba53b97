import { homedir } from "node:os";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { exists } from "../support/files.ts";
import { didYouMean } from "../support/nearest.ts";
import type { Progress } from "../support/progress.ts";
import { cifar } from "./cifar.ts";
import type { Dataset } from "./dataset.ts";
import { demoDataset } from "./demo.ts";
import { imageFolder } from "./image-folder.ts";
import { howToGet } from "./publishers.ts";

export interface SourceOptions {
  /** Seed of the demo's images. */
  readonly seed: number;
  /** For an image folder: short side after resizing. */
  readonly resize?: number;
  /** For an image folder: leave out files that cannot be read. */
  readonly skipUnreadable: boolean;
  /** For an image folder: pixels that an image may have. */
  readonly maxPixels?: number;
  /** For CIFAR: a local archive, or a folder with its unpacked files. */
  readonly archive?: string;
  /** For CIFAR: whether a missing archive may be downloaded. */
  readonly download: boolean;
  /** Folder for downloaded archives; absent: `defaultCache()`. */
  readonly cache?: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Where downloads are kept unless told otherwise: `distillery` in XDG_CACHE_HOME, which is ~/.cache by default. */
export const defaultCache = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "distillery");

const named = ["demo", "cifar10", "cifar100"] as const;

const isNamed = (source: string): source is (typeof named)[number] => (named as readonly string[]).includes(source);

/** What `openDataset` takes, with one line each. */
export const listSources = (): readonly { readonly name: string; readonly description: string }[] => [
  {
    name: "demo",
    description: "10 kinds of figures and textures painted on the spot, 32x32, 4000 + 1000 images; no download",
  },
  {
    name: "cifar10",
    description: "CIFAR-10: 10 classes of photographs, 32x32, 50000 + 10000 images; 162 MiB download",
  },
  {
    name: "cifar100",
    description: "CIFAR-100: 100 classes of photographs, 32x32, 50000 + 10000 images; 161 MiB download",
  },
  {
    name: "<tiny-imagenet>",
    description:
      "the folder that tiny-imagenet-200.zip unpacks to: 200 classes of photographs, 64x64, 100000 + 10000 images",
  },
  {
    name: "<imagenet>",
    description: "a folder with ImageNet-1k's train/<wnid>/* and val/*: 1000 classes of photographs; give --resize 224",
  },
  {
    name: "<folder>",
    description: "your own images: train/<class>/* and test/<class>/* or val/<class>/*; --resize N for mixed sizes",
  },
];

/**
 * Opens the data set that `--data` names: "demo", "cifar10", "cifar100" or the path of an image folder. The names go first;
 * a folder of the same name is reached as "./demo". Throws DATA for anything else, and what the source itself throws.
 */
export const openDataset = async (source: string, options: SourceOptions): Promise<Dataset> => {
  const { resize, skipUnreadable, maxPixels, archive, progress, signal } = options;
  const common = { progress, ...(signal ? { signal } : {}) };
  if (isNamed(source)) {
    if (source === "demo") return demoDataset(options.seed);
    return cifar(source, {
      ...common,
      cache: options.cache ?? defaultCache(),
      download: options.download,
      ...(archive !== undefined ? { file: archive } : {}),
    });
  }
  // A bare word that names nothing is more likely a slip of the finger than a path.
  if (/^[\w-]*$/.test(source) && !(await exists(source))) {
    throw new DistilleryError(
      "DATA",
      `data "${source}" is neither a known data set nor a folder${didYouMean(source, named)}; expected ${named.join(", ")} or the path of an image folder${howToGet(source)}`,
    );
  }
  return imageFolder(source, {
    ...common,
    skipUnreadable,
    ...(resize !== undefined ? { resize } : {}),
    ...(maxPixels !== undefined ? { maxPixels } : {}),
  });
};
