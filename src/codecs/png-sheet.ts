// Contact sheets: many images in one lossless PNG.
import sharp from "sharp";
import { encodePaeth } from "./png-paeth.ts";

/** Pixel size of a sheet of `tiles` tiles, ceil(sqrt(tiles)) of them in a row. */
export const sheetSize = (
  tiles: number,
  image: { readonly height: number; readonly width: number },
): { readonly columns: number; readonly height: number; readonly width: number } => {
  const columns = Math.ceil(Math.sqrt(tiles));
  return { columns, width: columns * image.width, height: Math.ceil(tiles / columns) * image.height };
};

/** Calls `copy(from, to)` for every row of every channel of every tile: offsets into [C, 3, H, W] and [rows, columns, 3]. */
const eachRow = (
  tiles: number,
  image: { readonly height: number; readonly width: number },
  copy: (from: number, to: number) => void,
): void => {
  const { columns, width } = sheetSize(tiles, image);
  for (let tile = 0; tile < tiles; tile++) {
    const top = Math.floor(tile / columns) * image.height;
    const left = (tile % columns) * image.width;
    for (let channel = 0; channel < 3; channel++) {
      for (let y = 0; y < image.height; y++) {
        copy(((tile * 3 + channel) * image.height + y) * image.width, ((top + y) * width + left) * 3 + channel);
      }
    }
  }
};

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

/**
 * The inverse of encodeSheet: pixels [C, 3, H, W].
 * @throws Error (plain, to be wrapped by the caller) when the file is no such sheet.
 */
export const decodeSheet = async (
  png: Uint8Array,
  tiles: number,
  image: { readonly height: number; readonly width: number },
): Promise<Uint8Array<ArrayBuffer>> => {
  const expected = sheetSize(tiles, image);
  const source = sharp(png, { limitInputPixels: false, failOn: "warning" });
  // The size is compared before anything is unpacked, so that a foreign file cannot fill the memory.
  const found = await source.metadata();
  if (found.format !== "png" || found.width !== expected.width || found.height !== expected.height) {
    throw new Error(
      `it is a ${found.format} of ${found.width}x${found.height}, expected a png of ${expected.width}x${expected.height}`,
    );
  }
  if (found.channels !== 3 || found.depth !== "uchar") {
    throw new Error(`it has ${found.channels} channels of type ${found.depth}, expected 3 of type uchar`);
  }
  const sheet = await source.raw().toBuffer();
  const pixels = new Uint8Array(tiles * 3 * image.height * image.width);
  eachRow(tiles, image, (from, to) => {
    for (let x = 0; x < image.width; x++) pixels[from + x] = sheet[to + 3 * x]!;
  });
  return pixels;
};
