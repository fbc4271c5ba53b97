// The record of an image's motion, by which its labels can follow.

/** Moves u to scale * u + shift, in pixels from the image's upper or left edge; a mirrored axis has scale < 0. */
export interface AxisWarp {
  readonly scale: number;
  readonly shift: number;
}

/** The motion of an image: cropped and resized, shifted, mirrored. */
export interface Warp {
  readonly y: AxisWarp;
  readonly x: AxisWarp;
}
