import { DistilleryError } from "../../support/errors.ts";
import type { Random } from "../../support/random.ts";

/** What comes in from outside when an image is shifted: the mean colour, or the image mirrored at its edge pixels. */
export type Fill = "zeros" | "reflect";

/** How one image is moved: pixel (y, x) shows (y + dy, x + dx), then the whole is mirrored or not. */
export interface Move {
  readonly dy: number;
  readonly dx: number;
  readonly mirrored: boolean;
}

/** For each of `length` places the place that it shows after a shift; -1 where that is outside and nothing is mirrored. */
const sourcesOf = (length: number, shift: number, fill: Fill): Int32Array =>
  Int32Array.from({ length }, (_, i) => {
    const at = i + shift;
    if (at >= 0 && at < length) return at;
    if (fill === "zeros") return -1;
    return at < 0 ? -at : 2 * length - 2 - at;
  });

/** Moves every image of a normalised batch [n, channels, h, w] in its own way. Returns a new batch. */
export const moveImages = (
  batch: Float32Array,
  n: number,
  h: number,
  w: number,
  moveOf: (image: number) => Move,
  fill: Fill,
): Float32Array => {
  const channels = batch.length / (n * h * w);
  if (!Number.isInteger(channels)) {
    throw new DistilleryError("SHAPE", `moveImages: ${batch.length} values do not fill [${n}, channels, ${h}, ${w}]`);
  }
  const out = new Float32Array(batch.length);
  for (let image = 0; image < n; image++) {
    const { dy, dx, mirrored } = moveOf(image);
    if (fill === "reflect" && (Math.abs(dy) >= h || Math.abs(dx) >= w)) {
      throw new DistilleryError(
        "SHAPE",
        `moveImages: an image of ${h}x${w} cannot be mirrored ${dy}, ${dx} beyond its edges`,
      );
    }
    const rows = sourcesOf(h, dy, fill);
    const columns = sourcesOf(w, dx, fill);
    if (mirrored) columns.reverse();
    // Columns that come from inside are neighbours: only the ends have to be left out.
    const left = Math.max(
      0,
      columns.findIndex((x) => x >= 0),
    );
    const right = columns.findLastIndex((x) => x >= 0) + 1;
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * h * w;
      for (let y = 0; y < h; y++) {
        if (rows[y]! < 0) continue;
        const from = plane + rows[y]! * w;
        const to = plane + y * w;
        for (let x = left; x < right; x++) out[to + x] = batch[from + columns[x]!]!;
      }
    }
  }
  return out;
};

export interface CropFlipOptions {
  /** Zeros by default. */
  readonly fill?: Fill;
  /** For every image whether it is mirrored; by default every second one on average. */
  readonly mirrored?: ArrayLike<number>;
}

/**
 * Shifts every image of a normalised batch [n, channels, h, w] by its own (dy, dx), each uniform in -pad..pad, and mirrors
 * some: random crops of padded images. Returns a new batch.
 */
export const cropFlip = (
  batch: Float32Array,
  n: number,
  h: number,
  w: number,
  pad: number,
  random: Random,
  { fill = "zeros", mirrored }: CropFlipOptions = {},
): Float32Array => {
  const draw = (image: number): Move => {
    const dy = random.int(2 * pad + 1) - pad;
    const dx = random.int(2 * pad + 1) - pad;
    const drawn = random.int(2);
    return { dy, dx, mirrored: (mirrored?.[image] ?? drawn) === 1 };
  };
  return moveImages(batch, n, h, w, draw, fill);
};
