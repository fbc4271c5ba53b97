// Every data source, opened by the name on the command line.
import { homedir } from "node:os";
import { join } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import { exists } from "../../support/files.ts";
import { didYouMean } from "../../support/suggest.ts";
import type { Progress } from "../../support/work/progress.ts";
import type { Dataset } from "../dataset.ts";
import { howToGet } from "../download/publishers.ts";
import { cifar } from "./cifar/cifar.ts";
import { demoDataset } from "./demo/demo.ts";
import { imageFolder } from "./image-folder.ts";

/** Everything that sources are opened with. Each takes what it has a use for; `idleFor` tells of the others. */
export interface SourceOptions {
  /** Seed of the demo's images, and of the test images that are held out. */
  readonly seed: number;
  /** For an image folder: short side after resizing. */
  readonly resize?: number;
  /** For an image folder: leave out files that cannot be read. */
  readonly skipUnreadable: boolean;
  /** For an image folder without test images: the fraction of each class's that become such. */
  readonly test?: number;
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

/** The default folder for downloads: `distillery` in XDG_CACHE_HOME, which is ~/.cache by default. */
export const defaultCache = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "distillery");

/** Options that not every source has a use for. */
export type SourceOption = "seed" | "resize" | "skipUnreadable" | "test" | "maxPixels" | "archive" | "download";

interface Source {
  readonly name: string;
  readonly description: string;
  /** The options that mean something for it. */
  readonly takes: readonly SourceOption[];
  /** Opens it; `path` is what `--data` says. */
  open(path: string, options: SourceOptions): Promise<Dataset>;
}

const surroundingsOf = ({ progress, signal }: SourceOptions) => ({ progress, ...(signal && { signal }) });

const cifarSource = (name: "cifar10" | "cifar100", description: string): Source => ({
  name,
  description,
  takes: ["archive", "download"],
  open: (_, options) =>
    cifar(name, {
      ...surroundingsOf(options),
      cache: options.cache ?? defaultCache(),
      download: options.download,
      ...(options.archive !== undefined && { file: options.archive }),
    }),
});

/** A kind of folder, in angle brackets: it is recognised by what lies in it. */
const folderSource = (name: `<${string}>`, description: string): Source => ({
  name,
  description,
  takes: ["resize", "skipUnreadable", "test", "maxPixels"],
  open: (path, options) => {
    const { resize, skipUnreadable, maxPixels, seed, test } = options;
    return imageFolder(path, {
      ...surroundingsOf(options),
      skipUnreadable,
      ...(resize !== undefined && { resize }),
      ...(test !== undefined && { held: { fraction: test, seed } }),
      ...(maxPixels !== undefined && { maxPixels }),
    });
  },
});

const ownImages = folderSource(
  "<folder>",
  "your own: train/<class>/* and test/ or val/ likewise, or <class>/* with --test 0.2; --resize N for mixed sizes",
);

const sources: readonly Source[] = [
  {
    name: "demo",
    description: "10 kinds of figures and textures painted on the spot, 32x32, 4000 + 1000 images; no download",
    takes: ["seed"],
    open: (_, { seed }) => demoDataset(seed),
  },
  cifarSource("cifar10", "CIFAR-10: 10 classes of photographs, 32x32, 50000 + 10000 images; 162 MiB download"),
  cifarSource("cifar100", "CIFAR-100: 100 classes of photographs, 32x32, 50000 + 10000 images; 161 MiB download"),
  folderSource(
    "<tiny-imagenet>",
    "the folder that tiny-imagenet-200.zip unpacks to: 200 classes of photographs, 64x64, 100000 + 10000 images",
  ),
  folderSource(
    "<imagenet>",
    "a folder with ImageNet-1k's train/<wnid>/* and val/*: 1000 classes of photographs; give --resize 224",
  ),
  ownImages,
];

const isFolderKind = ({ name }: Source): boolean => name.startsWith("<");

const named = sources.filter((source) => !isFolderKind(source));

/** The source that `--data` names, any folder where it is none of the names. */
const sourceOf = (data: string): Source => named.find(({ name }) => name === data) ?? ownImages;

/** Lists the sources that `openDataset` takes, with one line each. */
export const listSources = (): readonly { readonly name: string; readonly description: string }[] =>
  sources.map(({ name, description }) => ({ name, description }));

/** `is for image folders, not for demo` where an option means nothing for a source, otherwise undefined. */
export const idleFor = (data: string, option: SourceOption): string | undefined => {
  const source = sourceOf(data);
  if (source.takes.includes(option)) return undefined;
  const takers = sources.filter(({ takes }) => takes.includes(option));
  const words = new Set(takers.map((taker) => (isFolderKind(taker) ? "image folders" : taker.name)));
  return `is for ${[...words].join(" and ")}, not for ${isFolderKind(source) ? `a folder such as ${data}` : source.name}`;
};

/**
 * Opens the data set that `--data` names: "demo", "cifar10", "cifar100" or the path of an image folder. The names go first;
 * a folder of the same name is reached as "./demo". Throws DATA for anything else, and what the source itself throws.
 */
export const openDataset = async (source: string, options: SourceOptions): Promise<Dataset> => {
  const known = sourceOf(source);
  // A bare word that names nothing is more likely a slip of the finger than a path.
  if (isFolderKind(known) && /^[\w-]*$/.test(source) && !(await exists(source))) {
    const names = named.map(({ name }) => name);
    throw new DistilleryError(
      "DATA",
      `data "${source}" is neither a known data set nor a folder${didYouMean(source, names)}; expected ${names.join(", ")} or the path of an image folder${howToGet(source)}`,
    );
  }
  return known.open(source, options);
};
