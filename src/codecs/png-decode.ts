// PNG of 8-bit red, green and blue to its pixels, with nothing that a browser lacks.
import { binaryText } from "../support/text.ts";
import { predicted } from "./png-filter.ts";

/** Bytes of a pixel. */
const channels = 3;

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** The sizes in a PNG's header, and the fields behind them that say how its pixels are stored (PNG, section 11.2.2). */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlace: number;
}

/** The header of a PNG; undefined of anything else. */
export const pngHeader = (png: Uint8Array): PngHeader | undefined => {
  if (png.length < 33 || signature.some((byte, i) => png[i] !== byte)) return undefined;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  return { width, height, depth: png[24]!, colour: png[25]!, interlace: png[28]! };
};

/** Its packed rows: the contents of all IDAT chunks. @throws Error where the file ends before its end chunk. */
const packedRows = (png: Uint8Array): Uint8Array<ArrayBuffer>[] => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const found: Uint8Array<ArrayBuffer>[] = [];
  let at = signature.length;
  while (at + 12 <= png.length) {
    const length = view.getUint32(at);
    const type = binaryText(png.subarray(at + 4, at + 8));
    if (type === "IEND") return found;
    if (type === "IDAT") found.push(png.slice(at + 8, at + 8 + length));
    at += 12 + length;
  }
  throw new Error("it is cut short");
};

/** Unpacks bytes to `length` bytes, and no more. */
const unpacked = async (packed: readonly Uint8Array<ArrayBuffer>[], length: number): Promise<Uint8Array> => {
  const out = new Uint8Array(length);
  let filled = 0;
  const stream = new Blob([...packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = stream.getReader();
  for (;;) {
    const { done, value } = await rows.read().catch((cause: unknown) => {
      throw new Error("its pixels cannot be unpacked", { cause });
    });
    if (done) break;
    if (filled + value.length > length) throw new Error(`its pixels take more than ${length} bytes`);
    out.set(value, filled);
    filled += value.length;
  }
  if (filled < length) throw new Error(`its pixels take ${filled} bytes, expected ${length}`);
  return out;
};

/** Undoes the filter of every row, whose number stands before it (PNG, section 9.2); outside of the image all is 0. */
const unfiltered = (rows: Uint8Array, row: number, height: number): Uint8Array => {
  // Each with a pixel of zeros to the left; the first has zeros above.
  let [above, now] = [new Uint8Array(row + channels), new Uint8Array(row + channels)];
  const out = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    const from = y * (row + 1) + 1;
    const filter = rows[from - 1]!;
    if (filter > 4) throw new Error(`row ${y} has the unknown filter ${filter}`);
    for (let x = 0; x < row; x++) {
      const [a, b] = [now[x]!, above[x + channels]!];
      let guess = 0;
      if (filter === 1) guess = a;
      else if (filter === 2) guess = b;
      else if (filter === 3) guess = (a + b) >> 1;
      else if (filter === 4) guess = predicted(a, b, above[x]!);
      now[x + channels] = rows[from + x]! + guess;
    }
    out.set(now.subarray(channels), y * row);
    [above, now] = [now, above];
  }
  return out;
};

/**
 * Pixels [height, width, 3] of a PNG with such a header and no interlacing. @throws Error saying what is wrong with the file.
 */
export const decodePng = async (png: Uint8Array, { width, height }: PngHeader): Promise<Uint8Array> => {
  const row = width * channels;
  return unfiltered(await unpacked(packedRows(png), (row + 1) * height), row, height);
};
