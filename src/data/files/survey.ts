// The first reading of a folder's images: sizes, colours and a digest.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { DistilleryError } from "../../support/errors.ts";
import { stopIfAborted } from "../../support/work/interrupt.ts";
import { type SkippedFile, type Split, splitOf } from "../dataset.ts";
import type { Decoding } from "../decode/decode-image.ts";
import { placeImage, type Reference, readImageFile, unreadable } from "../decode/image-file.ts";
import type { ColourSums } from "../normalisation.ts";
import type { Listing } from "./image-listing.ts";
import { forEachIndex } from "./lanes.ts";
import { lazySplit } from "./lazy-split.ts";
import type { Tally } from "./tally.ts";

/** The extent to which images are read before a run begins; docs/decisions/reading-images.md has the reasons. */
export interface Reach {
  /** Every file, or so many of each part, evenly spaced. */
  readonly files: "all" | number;
  /** True where the decoded pixels stay in memory. */
  readonly keep: boolean;
  /** True where splits carry a digest of their files; otherwise their pixels are few enough to be read for one. */
  readonly digest: boolean;
}

export interface Surveyor {
  readonly reach: Reach;
  readonly size: Reference;
  readonly decoding: Decoding;
  readonly skipUnreadable: boolean;
  /** Files left out so far; more are added. */
  readonly skipped: SkippedFile[];
  readonly signal: AbortSignal | undefined;
}

const hashBytes = 32;

/** Chooses the files to read of n: all, or some evenly spaced, so that every class has its share. */
const chosenOf = (n: number, reach: Reach): Int32Array => {
  const count = reach.files === "all" ? n : Math.min(n, reach.files);
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
};

/** Names and sizes in bytes of all files: what is known of those that are not read. */
const hashSizes = async ({ files }: Listing, signal: AbortSignal | undefined, advance: () => void): Promise<string> => {
  const sizes = new Float64Array(files.length);
  await forEachIndex(files.length, async (i) => {
    stopIfAborted(signal, "reading images");
    sizes[i] = (await stat(files.path(i)).catch(() => undefined))?.size ?? -1;
    advance();
  });
  const hash = createHash("sha256");
  for (let i = 0; i < files.length; i++) hash.update(`${files.name(i)}\n${sizes[i]}\n`);
  return hash.digest("hex");
};

/** Fails if a class lost all its images. */
const checkClasses = ({ classes, files, labels }: Listing, left: Int32Array, skipped: readonly SkippedFile[]): void => {
  const present = new Set(left);
  const empty = classes.findIndex((_, c) => !present.has(c));
  if (empty >= 0) {
    const first = files.path(labels.indexOf(empty));
    const reason = skipped.find(({ file }) => file === first)?.reason;
    throw new DistilleryError(
      "DATA",
      `class "${classes[empty]}" has no readable image left (${first} and all others were skipped; its reason: ${reason}); repair or convert its files, or remove the class`,
    );
  }
};

/**
 * Reads a listing's images as far as `reach` says, adds them to `tally` and their colours to `colours`, and gives the split.
 * `advance` is called once a file, and of a sampled listing once more for each file of all.
 * Throws IMAGE for an unreadable file unless such are skipped, DATA for one of another size, INTERRUPTED.
 */
export const survey = async (
  listing: Listing,
  surveyor: Surveyor,
  tally: Tally,
  advance: () => void,
  colours?: ColourSums,
): Promise<Split> => {
  const { files, labels } = listing;
  const { reach, size, decoding, skipUnreadable, skipped, signal } = surveyor;
  const plane = size.height * size.width;
  const bytes = 3 * plane;
  const chosen = chosenOf(files.length, reach);
  const pixels = new Uint8Array(reach.keep ? chosen.length * bytes : 0);
  const contents = new Uint8Array(reach.digest ? chosen.length * hashBytes : 0);
  const readable = new Uint8Array(files.length).fill(1);
  await forEachIndex(chosen.length, async (i) => {
    stopIfAborted(signal, "reading images");
    const file = files.path(chosen[i]!);
    const found = await readImageFile(file, decoding);
    advance();
    if (found.image === undefined) {
      if (!skipUnreadable) throw unreadable(file, found);
      skipped.push({ file, reason: found.reason });
      readable[chosen[i]!] = 0;
      return;
    }
    const place = reach.keep ? pixels.subarray(i * bytes, (i + 1) * bytes) : new Uint8Array(bytes);
    placeImage(file, found.image, size, place);
    colours?.add(place, plane);
    tally.add(chosen[i]!, file, found.image);
    if (reach.digest) contents.set(createHash("sha256").update(found.content).digest(), i * hashBytes);
  });

  const kept = Int32Array.from(readable, (_, i) => i).filter((i) => readable[i] === 1);
  const left = Int32Array.from(kept, (i) => labels[i]!);
  checkClasses(listing, left, skipped);
  const hash = createHash("sha256").update(new Uint8Array(left.buffer));
  // What could not be read left its place empty, in pixels and hashes alike: only what was read counts.
  for (const [i, index] of chosen.entries()) {
    if (readable[index] === 1) hash.update(contents.subarray(i * hashBytes, (i + 1) * hashBytes));
  }
  if (reach.files !== "all") hash.update(await hashSizes(listing, signal, advance));
  const digest = hash.digest("hex");
  if (!reach.keep) return lazySplit({ files, kept, labels: left, size, decoding, digest });

  // Close the gaps of skipped files in place: a second array would double the memory.
  for (const [i, from] of kept.entries()) {
    if (i < from) pixels.copyWithin(i * bytes, from * bytes, (from + 1) * bytes);
  }
  const split = splitOf(pixels.subarray(0, kept.length * bytes), left);
  return reach.digest ? { ...split, digest } : split;
};
