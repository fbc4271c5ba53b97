import sharp from "sharp";

export interface Decoded {
  readonly height: number;
  readonly width: number;
  /** Three bytes a pixel, row by row: [height, width, 3]. */
  readonly interleaved: Uint8Array;
}

/**
 * The content of an image file as 8-bit sRGB: upright by its EXIF orientation, transparency over white, grey and CMYK
 * converted, the first frame of an animation. With `resize` its short side is brought to that length (Lanczos) and the centre
 * square cut out. Rejects on anything that the decoder finds damaged, truncation above all.
 */
export const decodeImage = async (content: Uint8Array, resize?: number): Promise<Decoded> => {
  // "error" stops at damaged pixels; "warning" would also refuse the harmless oddities that many real photographs carry.
  let image = sharp(content, { failOn: "error" }).autoOrient().flatten({ background: "#ffffff" });
  if (resize !== undefined) {
    // The JPEG decoder may then halve big photographs itself only as far as leaves a factor of two to the Lanczos filter.
    image = image.resize(resize, resize, { fit: "cover", position: "centre", fastShrinkOnLoad: false });
  }
  const { data, info } = await image.toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3) throw new Error(`decoded to ${channels} channels, expected 3`);
  return { height, width, interleaved: data };
};

/** Copies [height, width, 3] bytes into `out` as planes [3, height, width]. */
export const toPlanes = (interleaved: Uint8Array, out: Uint8Array): void => {
  const plane = out.length / 3;
  for (let i = 0, from = 0; i < plane; i++, from += 3) {
    out[i] = interleaved[from]!;
    out[plane + i] = interleaved[from + 1]!;
    out[2 * plane + i] = interleaved[from + 2]!;
  }
};
