// A data set from a folder of images.
import { basename, resolve } from "node:path";
import { codePointOrder } from "../../support/code-point-order.ts";
import { DistilleryError } from "../../support/errors.ts";
import { memoryLimit } from "../../support/memory.ts";
import { stopIfAborted } from "../../support/work/interrupt.ts";
import type { Progress } from "../../support/work/progress.ts";
import type { Dataset, SkippedFile } from "../dataset.ts";
import type { Decoding } from "../decode/decode-image.ts";
import { type Reference, readImageFile, unreadable } from "../decode/image-file.ts";
import { type Ignored, joinIgnored } from "../files/class-folder.ts";
import type { FileList } from "../files/file-list.ts";
import { type Reach, survey } from "../files/survey.ts";
import { checkVisible, newTally, notesOf } from "../files/tally.ts";
import { colourSums } from "../normalisation.ts";
import { type Held, listImages } from "./layouts.ts";

/** Without `resize` all images must have one size. */
export interface ImageFolderOptions extends Decoding {
  /** Leaves out files that cannot be read, listing them in `skipped`; otherwise the first one is an error. */
  readonly skipUnreadable: boolean;
  /** The part of a folder's images that become test images, where it has none of its own. */
  readonly held?: Held;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Up to how many bytes of pixels a data set is treated as small, and as one that can be read through. */
export interface Limits {
  /** Kept in memory, and fingerprinted by its pixels. */
  readonly small: number;
  /** Kept in memory if that is a small part of the machine's. */
  readonly keep: number;
  /** Read through at the start; of a larger one only some files are. */
  readonly whole: number;
  /** Files of each part that are then read. */
  readonly sample: number;
}

const memoryShare = 1 / 8;

/**
 * Results follow from `small`, `whole` and `sample`, which are the same everywhere; `keep` costs or saves time only.
 */
const usualLimits = (): Limits => ({
  small: 256 * 2 ** 20,
  keep: memoryShare * memoryLimit(),
  whole: 2 * 2 ** 30,
  sample: 10_000,
});

/** Files that may be skipped have to be found, however many there are. */
const reachOf = (bytes: number, { small, keep, whole, sample }: Limits, skipUnreadable: boolean): Reach => ({
  files: bytes <= whole || skipUnreadable ? "all" : sample,
  keep: bytes <= small || (bytes <= whole && bytes <= keep),
  digest: bytes > small,
});

/**
 * The size of the first readable image; it is decoded again later, which costs one image. Throws DATA where none is.
 */
const firstSize = async (path: string, files: FileList, options: ImageFolderOptions): Promise<Reference> => {
  let first: SkippedFile | undefined;
  for (let i = 0; i < files.length; i++) {
    stopIfAborted(options.signal, "reading images");
    const file = files.path(i);
    const found = await readImageFile(file, options);
    if (found.image !== undefined) return { file, height: found.image.height, width: found.image.width };
    if (!options.skipUnreadable) throw unreadable(file, found);
    first ??= { file, reason: found.reason };
  }
  throw new DistilleryError(
    "DATA",
    `${path}: none of the ${files.length} training images can be read; the first, ${first?.file}: ${first?.reason}`,
  );
};

const noteIgnored = (progress: Progress, { count, example }: Ignored): void => {
  if (count === 0) return;
  progress.note(
    `ignored ${count === 1 ? "1 file that is" : `${count} files or folders that are`} no image of a class, e.g. ${example}`,
  );
};

/** Throws USAGE for values that the command line would refuse. */
const checkOptions = ({ resize, maxPixels, held }: ImageFolderOptions): void => {
  const check = (option: string, value: number | undefined, holds: (value: number) => boolean, expects: string) => {
    if (value === undefined || holds(value)) return;
    throw new DistilleryError("USAGE", `${option}: ${value} given, expected ${expects}`);
  };
  const counts = (value: number): boolean => Number.isInteger(value) && value > 0;
  check("--resize", resize, counts, "a whole number of pixels above 0");
  check("--max-pixels", maxPixels, counts, "a whole number of pixels above 0");
  check("--test", held?.fraction, (value) => value > 0 && value < 1, "a fraction above 0 and below 1");
};

/**
 * A folder of images: one's own as `train/<class>/*` and `test/<class>/*` (or `val/`), or Tiny-ImageNet or ImageNet as
 * their publishers lay them out, or `<class>/*` with a part held out as test images; classes are the folder names by code
 * points, hidden files are passed over and counted. See `decodeImage` for colours, orientation and resizing. Small sets are
 * held in memory, 3 x H x W bytes an image; the images of others are decoded when they are asked for.
 *
 * Throws USAGE (an option that cannot be), DATA (wrong layout, an empty or single class, different classes in train and test,
 * unequal sizes, nothing but white or black), IMAGE (an unreadable file, unless they are skipped) or INTERRUPTED. Of a set of more than
 * `limits.whole` bytes a bad file may be met only later, by the splits' `read`, which then throws the same.
 */
export const imageFolder = async (
  path: string,
  options: ImageFolderOptions,
  limits = usualLimits(),
): Promise<Dataset> => {
  checkOptions(options);
  const { progress, skipUnreadable, signal } = options;
  const { train, test, words, normalisation, note } = await listImages(path, options.held);
  const ignored = joinIgnored(train.ignored, test.ignored);
  noteIgnored(progress, ignored);
  if (note !== undefined) progress.note(note);
  const size = await firstSize(path, train.files, options);
  const images = train.files.length + test.files.length;
  const reach = reachOf(images * 3 * size.height * size.width, limits, skipUnreadable);
  const stepsOf = ({ length }: FileList): number =>
    reach.files === "all" ? length : length + Math.min(length, reach.files);
  const task = progress.task(`reading ${basename(resolve(path))}`, stepsOf(train.files) + stepsOf(test.files));
  try {
    const skipped: SkippedFile[] = [];
    const surveyor = { reach, size, decoding: options, skipUnreadable, skipped, signal };
    let done = 0;
    const advance = (): void => task.update(++done);
    const colours = colourSums();
    const [trainTally, testTally] = [newTally(), newTally()];
    const trainSplit = await survey(train, surveyor, trainTally, advance, colours);
    const testSplit = await survey(test, surveyor, testTally, advance);
    checkVisible(path, trainTally, testTally);
    for (const line of notesOf(trainTally, testTally)) progress.note(line);
    return {
      name: basename(resolve(path)),
      classes: train.classes,
      ...(words && { words }),
      image: { height: size.height, width: size.width },
      train: trainSplit,
      test: testSplit,
      normalisation: normalisation ?? colours.normalisation(),
      skipped: skipped.sort((a, b) => codePointOrder(a.file, b.file)),
      ignored: ignored.count,
    };
  } finally {
    task.done();
  }
};
