import { availableParallelism } from "node:os";
import { basename, resolve } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { stopIfAborted } from "../support/interrupt.ts";
import type { Progress, ProgressTask } from "../support/progress.ts";
import { type Dataset, type SkippedFile, type Split, splitOf } from "./dataset.ts";
import { type Decoded, decodeImage, toPlanes } from "./decode-image.ts";
import { type Listing, listImages } from "./image-listing.ts";
import { normalisationOf } from "./normalisation.ts";

export interface ImageFolderOptions {
  /** Short side after resizing; the centre square is kept. Absent: all images must have one size. */
  readonly resize?: number;
  /** Leaves out files that cannot be read, listing them in `skipped`; otherwise the first one is an error. */
  readonly skipUnreadable: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** The first image that could be read: its size is the size of all. */
interface Reference {
  readonly file: string;
  readonly height: number;
  readonly width: number;
}

/** Reading and decoding overlap, so several images a core are under way. */
const inFlight = Math.min(16, 4 * availableParallelism());

/** Runs `work` for 0..n-1, a few at a time, started in order; stops at a failure and throws the one of lowest index. */
const forEachIndex = async (n: number, work: (index: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  const lane = async (): Promise<void> => {
    while (next < n && failures.length === 0) {
      const index = next++;
      try {
        await work(index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const first = failures.sort((a, b) => a.index - b.index)[0];
  if (first) throw first.error;
};

/** The array for n images, or an error that says how much memory they would take. */
const allocate = (n: number, { height, width }: Reference): Uint8Array => {
  const bytes = n * 3 * height * width;
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new DistilleryError(
      "DATA",
      `${n} images of ${width}x${height} take ${(bytes / 2 ** 30).toFixed(1)} GiB, more than can be held in memory; make them smaller with --resize N`,
      { cause },
    );
  }
};

const reasonOf = (cause: unknown): string => {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.trim().replaceAll(/\s*\n\s*/g, "; ");
};

/** Decodes images into one array of all pixels, and keeps account of those that cannot be read. */
const decoder = (options: ImageFolderOptions) => {
  const skipped: SkippedFile[] = [];

  /** Undefined for an unreadable file that may be left out. */
  const decode = async (file: string): Promise<Decoded | undefined> => {
    stopIfAborted(options.signal, "reading images");
    try {
      return await decodeImage(file, options.resize);
    } catch (cause) {
      const reason = reasonOf(cause);
      if (!options.skipUnreadable) {
        throw new DistilleryError(
          "IMAGE",
          `${file}: cannot be read (${reason}); repair or remove it, or leave such files out with --skip-unreadable`,
          { cause },
        );
      }
      skipped.push({ file, reason });
      return undefined;
    }
  };

  /** The size of the first readable image; it is decoded again later, which costs one image. */
  const reference = async (files: readonly string[]): Promise<Reference | undefined> => {
    for (const file of files) {
      const found = await decode(file);
      if (found) {
        skipped.length = 0;
        return { file, height: found.height, width: found.width };
      }
    }
    return undefined;
  };

  const split = async (listing: Listing, size: Reference, task: ProgressTask, before: number): Promise<Split> => {
    const { files, labels, classes } = listing;
    const bytes = 3 * size.height * size.width;
    const pixels = allocate(files.length, size);
    const readable = new Uint8Array(files.length);
    let done = before;
    await forEachIndex(files.length, async (i) => {
      const file = files[i]!;
      const image = await decode(file);
      task.update(++done);
      if (!image) return;
      if (image.height !== size.height || image.width !== size.width) {
        throw new DistilleryError(
          "DATA",
          `images differ in size: ${size.file} is ${size.width}x${size.height}, ${file} is ${image.width}x${image.height}; give them one size with --resize N`,
        );
      }
      toPlanes(image.interleaved, pixels.subarray(i * bytes, (i + 1) * bytes));
      readable[i] = 1;
    });
    // Close the gaps of skipped files in place: a second array would double the memory.
    let kept = 0;
    for (let i = 0; i < files.length; i++) {
      if (readable[i] === 0) continue;
      if (kept < i) pixels.copyWithin(kept * bytes, i * bytes, (i + 1) * bytes);
      kept++;
    }
    const left = labels.filter((_, i) => readable[i] === 1);
    const present = new Set(left);
    const empty = classes.find((_, c) => !present.has(c));
    if (empty !== undefined) {
      const first = files[labels.indexOf(classes.indexOf(empty))]!;
      throw new DistilleryError(
        "DATA",
        `class "${empty}" has no readable image left (${first} and all others were skipped); repair its files or remove the class`,
      );
    }
    return splitOf(pixels.subarray(0, kept * bytes), left);
  };

  return { skipped, reference, split };
};

const noteIgnored = (progress: Progress, ignored: readonly string[]): void => {
  if (ignored.length === 0) return;
  const files = ignored.length === 1 ? "1 file that is" : `${ignored.length} files that are`;
  progress.note(`ignored ${files} no image of a class, e.g. ${ignored[0]}`);
};

/**
 * Reads a folder `train/<class>/*`, `test/<class>/*` (or `val/`) of images into memory, 3 x H x W bytes each; classes are the
 * sorted folder names, hidden files are ignored. See `decodeImage` for colours, orientation and resizing.
 *
 * Throws DATA (wrong layout, an empty class, different classes in train and test, unequal sizes), IMAGE (an unreadable file,
 * unless they are skipped) or INTERRUPTED.
 */
export const imageFolder = async (path: string, options: ImageFolderOptions): Promise<Dataset> => {
  const { resize, progress } = options;
  if (resize !== undefined && !(Number.isInteger(resize) && resize > 0)) {
    throw new DistilleryError("USAGE", `--resize: ${resize} given, expected a whole number of pixels above 0`);
  }
  const { train, test } = await listImages(path);
  noteIgnored(progress, [...train.ignored, ...test.ignored]);
  const decoding = decoder(options);
  const size = await decoding.reference(train.files);
  if (!size) {
    throw new DistilleryError("DATA", `${path}: none of the ${train.files.length} training images can be read`);
  }
  const task = progress.task(`reading ${basename(resolve(path))}`, train.files.length + test.files.length);
  try {
    const trainSplit = await decoding.split(train, size, task, 0);
    const testSplit = await decoding.split(test, size, task, train.files.length);
    return {
      name: basename(resolve(path)),
      classes: train.classes,
      image: { height: size.height, width: size.width },
      train: trainSplit,
      test: testSplit,
      normalisation: await normalisationOf(trainSplit),
      skipped: [...decoding.skipped].sort((a, b) => (a.file < b.file ? -1 : 1)),
    };
  } finally {
    task.done();
  }
};
