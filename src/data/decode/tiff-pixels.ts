// The meaning of a TIFF file's pixels, read from its header.
import { UnreadableImage } from "./unreadable-image.ts";

/** The form of the pixels of a TIFF file's first page. */
export interface TiffPixels {
  readonly colours: "grey" | "palette" | "RGB" | "CMYK";
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly bits: number;
  /** Samples a pixel beyond its colours; the first of them may be opacity. */
  readonly extra: number;
  readonly opacity: boolean;
  /** True where there are pages besides. */
  readonly pages: boolean;
}

const tags = {
  bits: 258,
  compression: 259,
  photometric: 262,
  samples: 277,
  inkSet: 332,
  extra: 338,
  format: 339,
} as const;

type Tags = ReadonlyMap<number, readonly number[]>;

/** Bytes of a value by the TIFF's number of its type: those of whole numbers that the tags above may have. */
const widths: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 16: 8 };
const mostValues = 64;

/** The tags of the first page that hold whole numbers, and whether a page follows (TIFF 6.0, section 2; BigTIFF). */
const readTags = (content: Uint8Array): { readonly first: Tags; readonly next: boolean } => {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const little = content[0] === 0x49;
  const number = (at: number, bytes: number): number => {
    if (bytes === 1) return view.getUint8(at);
    if (bytes === 2) return view.getUint16(at, little);
    return bytes === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  };
  const big = number(2, 2) === 43;
  /** Bytes of an offset, of an entry and of a directory's count of entries. */
  const [offset, entry, count] = big ? [8, 20, 8] : [4, 12, 2];
  const directory = number(big ? 8 : 4, offset);
  const entries = number(directory, count);
  const first = new Map<number, number[]>();
  for (let i = 0; i < entries; i++) {
    const at = directory + count + i * entry;
    const bytes = widths[number(at + 2, 2)];
    if (bytes === undefined) continue;
    const values = number(at + 4, offset);
    const place = at + 4 + offset;
    const from = values * bytes <= offset ? place : number(place, offset);
    // The long lists are offsets of strips, which nobody asks for here.
    if (values > mostValues) continue;
    first.set(
      number(at, 2),
      Array.from({ length: values }, (_, k) => number(from + k * bytes, bytes)),
    );
  }
  return { first, next: number(directory + count + entries * entry, offset) !== 0 };
};

const sampleFormats = [
  "unspecified",
  "unsigned",
  "signed",
  "floating-point",
  "undefined",
  "complex integer",
  "complex",
];
const photometrics: Readonly<Record<number, string>> = {
  4: "a transparency mask",
  6: "YCbCr without JPEG compression",
  8: "CIELab",
  9: "ICCLab",
  10: "ITULab",
  32803: "a colour filter array (raw)",
  34892: "linear raw",
  32844: "LogL",
  32845: "LogLuv",
};
const jpegCompression = 7;

const refuse = (what: string, remedy: string): UnreadableImage =>
  new UnreadableImage(`TIFF ${what} is not read`, remedy);
const toEight = "write it with 8 or 16 unsigned bits a sample, scaled to their range";
const toRgb = "convert it to RGB or grey";

const coloursOf = (photometric: number, compression: number): TiffPixels["colours"] => {
  if (photometric <= 1) return "grey";
  if (photometric === 2 || (photometric === 6 && compression === jpegCompression)) return "RGB";
  if (photometric === 3) return "palette";
  if (photometric === 5) return "CMYK";
  throw refuse(`of ${photometrics[photometric] ?? `photometric interpretation ${photometric}`}`, toRgb);
};

const bandsOf = { grey: 1, palette: 1, RGB: 3, CMYK: 4 } as const;
/**
 * Extra samples that Pillow passes over at most, by colours; with more, the first bands are hardly the visible ones.
 */
const mostExtra = { grey: 1, palette: 0, RGB: 3, CMYK: 2 } as const;
const [associated, unassociated] = [1, 2];
const cmyk = 1;

const pixelsOf = (page: Tags, pages: boolean): TiffPixels => {
  const one = (tag: number, otherwise: number): number => page.get(tag)?.[0] ?? otherwise;
  const samples = one(tags.samples, 1);
  const bitsOf = page.get(tags.bits) ?? [1];
  const bits = bitsOf[0] ?? 1;
  for (const format of page.get(tags.format) ?? []) {
    if (format === 1) continue;
    throw refuse(`of ${bits}-bit ${sampleFormats[format] ?? `unknown (${format})`} samples`, toEight);
  }
  if (bitsOf.some((other) => other !== bits) || ![1, 2, 4, 8, 16].includes(bits)) {
    throw refuse(`of ${[...new Set(bitsOf)].join(" and ")} bits a sample`, toEight);
  }
  const colours = coloursOf(one(tags.photometric, 1), one(tags.compression, 1));
  if (colours === "CMYK" && one(tags.inkSet, cmyk) !== cmyk) throw refuse("of inks that are not CMYK", toRgb);
  if (colours === "CMYK" && bits !== 8) throw refuse(`of ${bits}-bit CMYK`, toRgb);
  const extra = samples - bandsOf[colours];
  const kinds = page.get(tags.extra) ?? [];
  const opacity = kinds[0] === associated || kinds[0] === unassociated;
  const bands = `of ${samples} bands, of them ${bandsOf[colours]} ${colours}`;
  if (extra < 0) throw new UnreadableImage(`damaged: TIFF ${bands}`);
  if (extra > mostExtra[colours]) throw refuse(bands, "write a file of the three visible bands");
  if (kinds.slice(1).some((kind) => kind !== 0) || (opacity && colours === "CMYK")) {
    throw refuse(`${bands}, with opacity among the others`, toRgb);
  }
  return { colours, bits, extra, opacity: opacity && extra > 0, pages };
};

/**
 * Reads from a TIFF file's header how its pixels are meant, which the decoder does not tell: it takes a fourth band for
 * opacity and floating-point numbers for bytes. Throws UnreadableImage for all that it would decode to other colours
 * than are meant.
 */
export const readTiffPixels = (content: Uint8Array): TiffPixels => {
  try {
    const { first, next } = readTags(content);
    return pixelsOf(first, next);
  } catch (cause) {
    if (cause instanceof RangeError) throw new UnreadableImage("damaged: its header points outside of the file");
    throw cause;
  }
};
