// PNG with the Paeth filter in every row, for pixels of few levels.
import { promisify } from "node:util";
import { constants, crc32, deflate, deflateSync } from "node:zlib";
import { predicted } from "./png-filter.ts";

/** Bytes of a pixel: red, green, blue. */
const channels = 3;

/** Rows of a filter's number, 4, and of pixels less their predictions, modulo 256; outside of the image all is 0. */
const filtered = (pixels: Uint8Array, width: number, height: number): Uint8Array => {
  const row = width * channels;
  const out = new Uint8Array((row + 1) * height);
  let to = 0;
  for (let y = 0; y < height; y++) {
    out[to++] = 4;
    const first = y * row;
    // The first pixel has nothing to its left, so that what is above it is nearest.
    for (let at = first; at < first + channels; at++) out[to++] = pixels[at]! - (y === 0 ? 0 : pixels[at - row]!);
    for (let at = first + channels; at < first + row; at++) {
      const left = pixels[at - channels]!;
      out[to++] = pixels[at]! - (y === 0 ? left : predicted(left, pixels[at - row]!, pixels[at - row - channels]!));
    }
  }
  return out;
};

const chunk = (type: string, data: Uint8Array): Buffer => {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, -4)), 8 + data.length);
  return out;
};

/** Filtered rows of up to so many bytes are packed at once: to hand them to another thread takes longer than to pack them. */
const mostAtOnce = 2 ** 16;

const packed = (rows: Uint8Array, level: number): Uint8Array | Promise<Uint8Array> => {
  const options = { level, memLevel: 9, strategy: constants.Z_FILTERED };
  return rows.length <= mostAtOnce
    ? deflateSync(rows, options)
    : promisify<Uint8Array, object, Buffer>(deflate)(rows, options);
};

/**
 * Pixels [height, width, 3] as a PNG, packed by a level of deflate, 1 (fast) to 9 (small). The prediction is one of the
 * neighbours, so that multiples of a number leave multiples of it; libpng, which picks a filter for each row, often takes the
 * mean of two, which leaves many more values: pixels of 6 bits then take a tenth more.
 */
export const encodePaeth = async (
  pixels: Uint8Array,
  width: number,
  height: number,
  level = 9,
): Promise<Uint8Array> => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, red, green and blue.
  header.set([8, 2], 8);
  const data = await packed(filtered(pixels, width, height), level);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array(0))]);
};
