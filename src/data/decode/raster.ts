// Decoded pixels, and remarks on the parts of a file that are not read.

/** Decoded pixels row by row: [height, width, channels], red, green, blue and, as a fourth channel, opacity. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/**
 * A part of an image that is not read: bits below the upper 8, bands that are no colour, frames after the first.
 */
export type Remark = "bits" | "bands" | "frames";
