// A decoder of uncompressed BMP images.
import type { Raster } from "./raster.ts";
import { checkPixels, UnreadableImage } from "./unreadable-image.ts";

const fileHeader = 14;
const coreHeader = 12;
const headers = [coreHeader, 40, 52, 56, 64, 108, 124];
const compressions = ["none", "RLE8", "RLE4", "bit fields", "JPEG", "PNG"];

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly bitFields: boolean;
  /** The palette: where it begins, its bytes a colour, and how many colours it has. */
  readonly palette: { readonly at: number; readonly step: number; readonly colours: number };
  readonly pixelsAt: number;
}

const readHeader = (view: DataView): Header => {
  const u32 = (at: number): number => view.getUint32(at, true);
  const size = u32(fileHeader);
  if (!headers.includes(size)) throw new UnreadableImage(`damaged: no BMP has a header of ${size} bytes`);
  const core = size === coreHeader;
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? 0 : u32(30);
  if (compression !== 0 && compression !== 3) {
    throw new UnreadableImage(
      `BMP with ${compressions[compression] ?? `unknown (${compression})`} compression is not read`,
      "convert it to PNG, or write it uncompressed",
    );
  }
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new UnreadableImage(`BMP of ${bits} bits a pixel is not read`);
  const step = core ? 3 : 4;
  const colours = bits > 8 ? 0 : (core ? 0 : u32(46)) || 2 ** bits;
  const at = fileHeader + size;
  const given = u32(10);
  // Some writers give the end of the header, as if there were no palette behind it.
  const pixelsAt = given > at || (given === at && bits > 8) ? given : at + step * colours;
  return {
    width: core ? view.getUint16(18, true) : view.getInt32(18, true),
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bits,
    bitFields: compression === 3,
    palette: { at, step, colours },
    pixelsAt,
  };
};

/** A function that writes the pixel whose bits are `value` to `out` at `to`. */
type Put = (value: number, out: Uint8Array, to: number) => void;

const paletteColours = (view: DataView, { palette: { at, step, colours } }: Header): Put => {
  const bytes = Math.min(step * colours, view.byteLength - at);
  const entries = new Uint8Array(view.buffer, view.byteOffset + at, bytes);
  return (value, out, to) => {
    if (value >= colours) throw new UnreadableImage(`damaged: colour ${value} of a palette of ${colours}`);
    for (let c = 0; c < 3; c++) out[to + c] = entries[step * value + 2 - c]!;
  };
};

/** The bits of one channel of a pixel; a mask of 0 leaves the channel out. */
const channelOf = (mask: number): { readonly mask: number; readonly shift: number; readonly most: number } => {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  if ((most & (most + 1)) !== 0 || most > 255) {
    throw new UnreadableImage(`BMP with the mask 0x${mask.toString(16)} is not read`, "convert it to PNG");
  }
  return { mask, shift, most };
};

/**
 * Red, green, blue and, where there is a mask for it, opacity; fewer than 8 bits are scaled to 255 and cut, as in
 * Pillow.
 */
const maskedColours = (masks: readonly number[]): Put => {
  const channels = masks.map(channelOf);
  return (value, out, to) => {
    for (const [c, { mask, shift, most }] of channels.entries()) {
      out[to + c] = most === 0 ? 0 : Math.floor((((value & mask) >>> shift) * 255) / most);
    }
  };
};

const masksOf = (view: DataView, { bits, bitFields }: Header): readonly number[] => {
  if (!bitFields) return bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const u32 = (at: number): number => view.getUint32(at, true);
  // A header of 40 bytes is followed by three masks; longer ones hold them at the same place, and then one for opacity.
  const opacity = u32(fileHeader) >= 56 ? u32(66) : 0;
  return [u32(54), u32(58), u32(62), ...(opacity === 0 ? [] : [opacity])];
};

const decode = (view: DataView, limit: number): Raster => {
  const header = readHeader(view);
  const { width, height, topDown, bits, pixelsAt } = header;
  checkPixels(width, height, limit);
  const stride = 4 * Math.ceil((width * bits) / 32);
  if (view.byteLength < pixelsAt + stride * height) {
    throw new UnreadableImage("truncated: it ends before its last pixel");
  }
  const masks = masksOf(view, header);
  const put = bits <= 8 ? paletteColours(view, header) : maskedColours(masks);
  const channels = bits > 8 && masks.length === 4 ? 4 : 3;
  const data = new Uint8Array(channels * width * height);
  const perByte = 8 / bits;
  for (let y = 0, to = 0; y < height; y++) {
    const row = pixelsAt + (topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++, to += channels) {
      if (bits <= 8) {
        const byte = view.getUint8(row + Math.floor(x / perByte));
        put((byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1), data, to);
      } else if (bits === 16) put(view.getUint16(row + 2 * x, true), data, to);
      else if (bits === 32) put(view.getUint32(row + 4 * x, true), data, to);
      else put(view.getUint16(row + 3 * x, true) + 65536 * view.getUint8(row + 3 * x + 2), data, to);
    }
  }
  return { width, height, channels, data };
};

/**
 * Decodes an uncompressed BMP of 1, 4, 8, 16, 24 or 32 bits a pixel, bottom-up or top-down, with a palette or bit
 * fields (learn.microsoft.com/windows/win32/gdi/bitmap-storage). The fourth byte of 32 bits is opacity only where a
 * mask says so. Throws UnreadableImage for compression, damage, truncation and more than `limit` pixels.
 */
export const decodeBmp = (content: Uint8Array, limit: number): Raster => {
  try {
    return decode(new DataView(content.buffer, content.byteOffset, content.byteLength), limit);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new UnreadableImage("truncated: it ends in its header", undefined, { cause });
    throw cause;
  }
};
