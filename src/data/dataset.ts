// Data sets and their splits, read by index.

/** Images of one size, three channels, 8 bits; read by index so that a source need not hold them all in memory. */
export interface Split<Labels = Int32Array> {
  readonly length: number;
  /** Labels of the images in the task's terms: the index of each one's class. */
  readonly labels: Labels;
  /** Pixels of the images at `indices`, packed [n, 3, H, W], values 0..255. */
  read(indices: ArrayLike<number>): Promise<Uint8Array>;
  /**
   * sha256 in hex that changes when labels or pixels do, for splits that are too large to be read through for one:
   * docs/decisions/reading-images.md says what it is made from. Absent: read the pixels.
   */
  readonly digest?: string;
}

/** Per-channel mean and standard deviation of pixel / 255: of the training images, or as published networks have them. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

export interface Dataset {
  /** Short name: "demo", "cifar10", or the folder's base name. */
  readonly name: string;
  /** Class names; the index in this list is the label. */
  readonly classes: readonly string[];
  /** Everyday names of the classes, where `classes` are identifiers such as n01443537. */
  readonly words?: readonly string[];
  readonly image: { readonly height: number; readonly width: number };
  readonly train: Split;
  readonly test: Split;
  readonly normalisation: Normalisation;
  /** Files left out because the user asked to skip unreadable ones. */
  readonly skipped: readonly SkippedFile[];
  /** Number of files and folders passed over because they are no images of a class. */
  readonly ignored: number;
}

/** A split whose pixels [n, 3, H, W] are in memory. */
export const splitOf = (pixels: Uint8Array, labels: Int32Array): Split => {
  const size = labels.length === 0 ? 0 : pixels.length / labels.length;
  return {
    length: labels.length,
    labels,
    read: async (indices) => {
      const out = new Uint8Array(indices.length * size);
      for (let i = 0; i < indices.length; i++) {
        const from = indices[i]! * size;
        out.set(pixels.subarray(from, from + size), i * size);
      }
      return out;
    },
  };
};
