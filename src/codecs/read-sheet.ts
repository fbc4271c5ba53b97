// Contact sheets taken apart again.
import { decodePng, pngHeader } from "./png-decode.ts";
import { eachRow, sheetSize } from "./sheet-layout.ts";

/** Names of a PNG's ways to store colours. */
const colours: Readonly<Record<number, string>> = {
  0: "grey",
  2: "red, green and blue",
  3: "a palette",
  4: "grey and alpha",
  6: "red, green, blue and alpha",
};

/**
 * The inverse of encodeSheet: pixels [C, 3, H, W]. It reads in browsers too, and to the last bit, which they do not promise of
 * images that they draw.
 * @throws Error (plain, to be wrapped by the caller) when the file is no such sheet.
 */
export const decodeSheet = async (
  png: Uint8Array,
  tiles: number,
  image: { readonly height: number; readonly width: number },
): Promise<Uint8Array<ArrayBuffer>> => {
  const expected = sheetSize(tiles, image);
  const found = pngHeader(png);
  if (found === undefined) throw new Error(`it is no png, expected one of ${expected.width}x${expected.height}`);
  // The size is compared before anything is unpacked, so that a foreign file cannot fill the memory.
  const { width, height, depth, colour, interlace } = found;
  if (width !== expected.width || height !== expected.height) {
    throw new Error(`it is a png of ${width}x${height}, expected a png of ${expected.width}x${expected.height}`);
  }
  if (depth !== 8 || colour !== 2 || interlace !== 0) {
    const how = interlace === 0 ? "" : ", interlaced";
    throw new Error(
      `it has ${depth} bits of ${colours[colour] ?? `colours of type ${colour}`}${how}, expected 8 of ${colours[2]}`,
    );
  }
  const sheet = await decodePng(png, found);
  const pixels = new Uint8Array(tiles * 3 * image.height * image.width);
  eachRow(tiles, image, (from, to) => {
    for (let x = 0; x < image.width; x++) pixels[from + x] = sheet[to + 3 * x]!;
  });
  return pixels;
};
