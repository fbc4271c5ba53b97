// Decoding an image file of any format to 8-bit RGB.
import sharp, { type Sharp, type SharpOptions } from "sharp";
import { decodeBmp } from "./bmp.ts";
import { formatOf, type ImageFormat } from "./image-format.ts";
import { decodeNetpbm } from "./netpbm.ts";
import type { Raster, Remark } from "./raster.ts";
import { readTiffPixels } from "./tiff-pixels.ts";
import { checkPixels, UnreadableImage, usualMaxPixels } from "./unreadable-image.ts";

/** Settings of decoding an image file. */
export interface Decoding {
  /** Short side after resizing; the centre square is kept. Absent: as large as it is. */
  readonly resize?: number;
  /** Pixels that an image may have; absent: `usualMaxPixels`. */
  readonly maxPixels?: number;
}

export interface Decoded {
  readonly height: number;
  readonly width: number;
  /** Three bytes a pixel, row by row: [height, width, 3]. */
  readonly interleaved: Uint8Array;
  readonly remarks: readonly Remark[];
}

/** An image whose colours are known to be grey or RGB and whose last band, where it is one too many, to be opacity. */
interface Opened {
  readonly image: Sharp;
  readonly remarks: readonly Remark[];
}

const optionsFor = (limit: number): SharpOptions => ({
  // "error" stops at damaged pixels; "warning" would also refuse the harmless oddities that many real photographs
  // carry.
  failOn: "error",
  limitInputPixels: limit,
  limitInputChannels: 6,
  ignoreIcc: true,
});

const openRaster = ({ data, ...raw }: Raster, limit: number): Sharp => sharp(data, { ...optionsFor(limit), raw });

/** The bands of an image at 8 bits as they are stored, not taken for colours. */
const readBands = async (image: Sharp) => {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, bands: info.channels };
};

/** Keeps the first bands of each pixel. */
const firstBands = (channels: 3 | 4, { data, width, height, bands }: Awaited<ReturnType<typeof readBands>>): Raster => {
  const kept = new Uint8Array(channels * width * height);
  for (let from = 0, to = 0; to < kept.length; from += bands, to += channels) {
    kept.set(data.subarray(from, from + channels), to);
  }
  return { width, height, channels, data: kept };
};

/** Inks to colours as Pillow has it: without a profile of inks, each takes its share of the light. */
const fromInks = ({ data, width, height, bands }: Awaited<ReturnType<typeof readBands>>): Raster => {
  const colours = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < colours.length; from += bands, to += 3) {
    const light = 255 - data[from + 3]!;
    for (let c = 0; c < 3; c++) {
      const product = data[from + c]! * light + 128;
      colours[to + c] = light - (((product >> 8) + product) >> 8);
    }
  }
  return { width, height, channels: 3, data: colours };
};

const openInks = async (content: Uint8Array, limit: number): Promise<Sharp> => {
  const inks = sharp(content, optionsFor(limit)).autoOrient().pipelineColourspace("cmyk").toColourspace("cmyk");
  return openRaster(fromInks(await readBands(inks)), limit);
};

const openTiff = async (content: Uint8Array, limit: number): Promise<Opened> => {
  const { colours, bits, extra, opacity, pages } = readTiffPixels(content);
  const passed = extra > (opacity ? 1 : 0);
  const remarks: Remark[] = [];
  if (bits > 8) remarks.push("bits");
  if (passed) remarks.push("bands");
  if (pages) remarks.push("frames");
  if (colours === "CMYK") return { image: await openInks(content, limit), remarks };
  const stored = sharp(content, optionsFor(limit));
  if (!passed) return { image: stored, remarks };
  const all = await readBands(stored.autoOrient());
  return { image: openRaster(firstBands(opacity ? 4 : 3, all), limit), remarks };
};

const [startOfFrame, lastFrame, notFrames] = [0xc0, 0xcf, [0xc4, 0xc8, 0xcc]];

/** The number of components of a JPEG, from its frame header; 4 are inks. */
const jpegComponents = (content: Uint8Array): number | undefined => {
  for (let at = 2; at + 9 < content.length && content[at] === 0xff; ) {
    const marker = content[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= startOfFrame && marker <= lastFrame && !notFrames.includes(marker)) return content[at + 9];
    at += 2 + 256 * content[at + 2]! + content[at + 3]!;
  }
  return undefined;
};

/** Lists the kinds of content that are passed over in an image that the decoder reads as it is. */
const remarksOf = async (format: ImageFormat, content: Uint8Array, image: Sharp): Promise<Remark[]> => {
  const remarks: Remark[] = [];
  const text = (from: number, to: number): string => Buffer.from(content.subarray(from, to)).toString("latin1");
  if (format === "PNG") {
    if (content[24] === 16) remarks.push("bits");
    if (/^(?:(?!IDAT)[\s\S])*acTL/.test(text(33, 4096))) remarks.push("frames");
  }
  const isAnimatedWebP = format === "WebP" && text(12, 16) === "VP8X" && (content[20]! & 2) !== 0;
  if (isAnimatedWebP || (format === "GIF" && ((await image.metadata()).pages ?? 1) > 1)) remarks.push("frames");
  return remarks;
};

const open = async (content: Uint8Array, limit: number): Promise<Opened> => {
  const format = formatOf(content);
  if (format === "BMP") return { image: openRaster(decodeBmp(content, limit), limit), remarks: [] };
  if (format === "PPM") {
    const { deep, ...raster } = decodeNetpbm(content, limit);
    return { image: openRaster(raster, limit), remarks: deep ? ["bits"] : [] };
  }
  if (format === "TIFF") return openTiff(content, limit);
  if (format === "JPEG" && jpegComponents(content) === 4) return { image: await openInks(content, limit), remarks: [] };
  const image = sharp(content, optionsFor(limit));
  return { image, remarks: await remarksOf(format, content, image) };
};

const decode = async (content: Uint8Array, resize: number | undefined, limit: number): Promise<Decoded> => {
  const opened = await open(content, limit);
  let image = opened.image.autoOrient().flatten({ background: "#ffffff" });
  if (resize !== undefined) {
    // The JPEG decoder may then halve big photographs itself only as far as leaves a factor of two to the Lanczos
    // filter.
    image = image.resize(resize, resize, { fit: "cover", position: "centre", fastShrinkOnLoad: false });
  }
  const { data, info } = await image.toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3) throw new Error(`decoded to ${channels} channels, expected 3`);
  return { height, width, interleaved: data, remarks: opened.remarks };
};

/**
 * The content of an image file as 8-bit RGB, equal to Pillow's `convert("RGB")` (docs/decisions/reading-images.md says
 * where it is not): upright by its orientation, transparency over white, colour profiles not applied, of 16 bits the
 * upper 8, the first frame. With `resize` its short side is brought to that length (Lanczos) and the centre square cut
 * out.
 *
 * Throws UnreadableImage, or whatever else the decoder throws, for anything that is damaged, truncation above all, for
 * more pixels than are allowed, and for pixels whose meaning as colours is not certain.
 */
export const decodeImage = async (
  content: Uint8Array,
  { resize, maxPixels = usualMaxPixels }: Decoding = {},
): Promise<Decoded> => {
  try {
    return await decode(content, resize, maxPixels);
  } catch (cause) {
    if (!(cause instanceof UnreadableImage) && cause instanceof Error && cause.message.includes("pixel limit")) {
      const { width, height } = await sharp(content, { limitInputPixels: false }).metadata();
      checkPixels(width, height, maxPixels);
    }
    throw cause;
  }
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
