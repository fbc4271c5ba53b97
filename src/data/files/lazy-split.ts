// A split whose images are decoded when they are asked for.
import { DistilleryError } from "../../support/errors.ts";
import type { Split } from "../dataset.ts";
import type { Decoding } from "../decode/decode-image.ts";
import { placeImage, type Reference, readImageFile, unreadable } from "../decode/image-file.ts";
import type { FileList } from "./file-list.ts";
import { forEachIndex } from "./lanes.ts";

/** The array for n images, or an error that says how much memory they would take. */
const allocate = (n: number, { height, width }: Reference): Uint8Array => {
  const bytes = n * 3 * height * width;
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new DistilleryError(
      "DATA",
      `${n} images of ${width}x${height} at once take ${(bytes / 2 ** 30).toFixed(1)} GiB, more than can be held in memory; make them smaller with --resize N`,
      { cause },
    );
  }
};

export interface LazyImages {
  readonly files: FileList;
  /** Indices of the files that are images of the split; `labels` are theirs. */
  readonly kept: Int32Array;
  readonly labels: Int32Array;
  readonly size: Reference;
  readonly decoding: Decoding;
  readonly digest: string;
}

/**
 * A split whose images are decoded each time they are asked for. Reading throws IMAGE for a file that cannot be read and
 * DATA for one of another size.
 */
export const lazySplit = ({ files, kept, labels, size, decoding, digest }: LazyImages): Split => {
  const bytes = 3 * size.height * size.width;
  return {
    length: kept.length,
    labels,
    digest,
    read: async (indices) => {
      const out = allocate(indices.length, size);
      await forEachIndex(indices.length, async (i) => {
        const file = files.path(kept[indices[i]!]!);
        const found = await readImageFile(file, decoding);
        if (found.image === undefined) throw unreadable(file, found);
        placeImage(file, found.image, size, out.subarray(i * bytes, (i + 1) * bytes));
      });
      return out;
    },
  };
};
