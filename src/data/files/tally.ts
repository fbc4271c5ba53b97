// Counts of oddities among a data set's images.
import { DistilleryError } from "../../support/errors.ts";
import type { Decoded } from "../decode/decode-image.ts";
import type { Remark } from "../decode/raster.ts";

/** The number of images that something is true of, and the first of them. */
interface Count {
  readonly images: number;
  readonly index: number;
  readonly file: string;
}

/** Facts about the images of a split as a whole; all counts are of those that were read. */
export interface Tally {
  /** Adds image `index` of the split, in any order. */
  add(index: number, file: string, image: Decoded): void;
  readonly images: number;
  /** True as long as all images have had the same pixels. */
  readonly allEqual: boolean;
  readonly counts: ReadonlyMap<Remark | "blank", Count>;
}

/** True of an image that is white, or black, throughout. */
const isBlank = (pixels: Uint8Array): boolean => {
  const level = pixels[0];
  return (level === 0 || level === 255) && pixels.every((value) => value === level);
};

export const newTally = (): Tally => {
  const counts = new Map<Remark | "blank", Count>();
  let [images, allEqual, first]: [number, boolean, Uint8Array | undefined] = [0, true, undefined];
  return {
    add: (index, file, { interleaved, remarks }) => {
      images++;
      first ??= interleaved;
      allEqual &&= Buffer.compare(first, interleaved) === 0;
      for (const what of isBlank(interleaved) ? ([...remarks, "blank"] as const) : remarks) {
        const known = counts.get(what);
        const isFirst = known === undefined || index < known.index;
        counts.set(what, { ...(isFirst ? { index, file } : known), images: (known?.images ?? 0) + 1 });
      }
    },
    get images() {
      return images;
    },
    get allEqual() {
      return allEqual;
    },
    counts,
  };
};

const words: Readonly<Record<Remark | "blank", string>> = {
  bits: "hold more than 8 bits a channel, of which the upper 8 are read",
  bands: "hold bands that are neither colour nor opacity, which are not read",
  frames: "hold several frames or pages, of which the first is read",
  blank: "are of one colour throughout, white or black (transparency is laid over white)",
};

const sum = (tallies: readonly Tally[], of: (tally: Tally) => number): number =>
  tallies.reduce((total, tally) => total + of(tally), 0);

/** Images of some splits that something is true of. */
const countOf = (what: Remark | "blank", tallies: readonly Tally[]): number =>
  sum(tallies, ({ counts }) => counts.get(what)?.images ?? 0);

/** One line for each thing that is true of some images of a data set. */
export const notesOf = (train: Tally, test: Tally): string[] => {
  const both = [train, test];
  const images = sum(both, (tally) => tally.images);
  const lines = (Object.keys(words) as (Remark | "blank")[]).flatMap((what) => {
    const example = both.map(({ counts }) => counts.get(what)).find((count) => count !== undefined);
    return example === undefined
      ? []
      : `${countOf(what, both)} of ${images} images ${words[what]}, e.g. ${example.file}`;
  });
  return train.allEqual
    ? [...lines, `all ${train.images} training images have the same pixels: nothing can be learnt from them`]
    : lines;
};

/** Throws DATA when all training images are white, or all are black: figures are invisible, not merely alike. */
export const checkVisible = (path: string, train: Tally, test: Tally): void => {
  if (!train.allEqual || countOf("blank", [train]) === 0) return;
  throw new DistilleryError(
    "DATA",
    `${path}: ${countOf("blank", [train, test])} of ${train.images + test.images} images ${words.blank}, so nothing can be learnt from them; give figures and ground different colours`,
  );
};
