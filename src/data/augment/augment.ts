// Shifting and mirroring the images of a batch, each in its own way.
import { DistilleryError } from "../../support/errors.ts";

/** The filling of the edges of a shifted image: the mean colour, or the image mirrored at its edge pixels. */
export type Fill = "zeros" | "reflect";

/** The motion of one image: pixel (y, x) shows (y + dy, x + dx), then the whole is mirrored or not. */
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
