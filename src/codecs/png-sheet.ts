// Contact sheets: many images in one lossless PNG.
import sharp from "sharp";
import { encodePaeth } from "./png-paeth.ts";
import { eachRow, sheetSize } from "./sheet-layout.ts";

/** True of pixels that were rounded to at most 7 bits: they are even, or white. */
const isRounded = (pixels: Uint8Array): boolean => pixels.every((pixel) => pixel % 2 === 0 || pixel === 255);

/**
 * Tiles [C, 3, H, W] of values 0..255 as one lossless PNG that a person can look at, left to right and top to bottom;
 * places left over are black. The same pixels give the same bytes under the same releases of sharp and Node.
 */
export const encodeSheet = async (
  pixels: Uint8Array,
  tiles: number,
  image: { readonly height: number; readonly width: number },
): Promise<Uint8Array> => {
  const { width, height } = sheetSize(tiles, image);
  const sheet = new Uint8Array(width * height * 3);
  eachRow(tiles, image, (from, to) => {
    for (let x = 0; x < image.width; x++) sheet[to + 3 * x] = pixels[from + x]!;
  });
  if (isRounded(sheet)) return encodePaeth(sheet, width, height);
  return await sharp(sheet, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .png({ compressionLevel: 9, adaptiveFiltering: true, palette: false, progressive: false })
    .toBuffer();
};
