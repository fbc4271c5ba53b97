// The record of an image's motion, by which its labels can follow.

/** What stood at u stands at scale * u + shift, in pixels from the image's upper or left edge; a mirrored axis has scale < 0. */
export interface AxisWarp {
  readonly scale: number;
  readonly shift: number;
}

/** How an image was moved: cropped and resized, shifted, mirrored. */
export interface Warp {
  readonly y: AxisWarp;
  readonly x: AxisWarp;
}
