// A decoder of PBM, PGM and PPM images.
import type { Raster } from "./raster.ts";
import { checkPixels, UnreadableImage } from "./unreadable-image.ts";

const [newline, carriage, space, hash, zero, nine] = [10, 13, 32, 35, 48, 57];

const isSpace = (byte: number): boolean => byte === space || (byte >= 9 && byte <= 13);

const truncated = (): UnreadableImage => new UnreadableImage("truncated: it ends before its last pixel");

/** Reads decimal numbers from text with comments, which go from # to the end of a line. */
const textReader = (content: Uint8Array) => {
  let at = 2; // behind P1 to P6
  const skip = (): void => {
    for (; at < content.length; at++) {
      const byte = content[at]!;
      if (byte === hash) {
        while (at < content.length && content[at] !== newline && content[at] !== carriage) at++;
      } else if (!isSpace(byte)) return;
    }
  };
  const digit = (): number => {
    if (at >= content.length) throw truncated();
    const byte = content[at++]!;
    if (byte < zero || byte > nine) {
      throw new UnreadableImage(`damaged: byte ${at - 1} is ${byte}, expected a decimal digit`);
    }
    return byte - zero;
  };
  return {
    number: (): number => {
      skip();
      let value = digit();
      while (at < content.length && !isSpace(content[at]!) && content[at] !== hash && value < 1e9) {
        value = 10 * value + digit();
      }
      return value;
    },
    /** One bit of a plain bitmap, between which there need be no space. */
    bit: (): number => {
      skip();
      const value = digit();
      if (value > 1) throw new UnreadableImage(`damaged: a bitmap has ${value} in place of 0 or 1`);
      return value;
    },
    /** Offset of the pixels: exactly one space after the last number of the header. */
    afterSpace: (): number => at + 1,
  };
};

/** Rounds a half to the even number, as Python does. */
const roundHalfEven = (x: number): number => {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
};

/** The byte of every value from 0 to `most`. */
const scaleTo255 = (most: number): Uint8Array =>
  Uint8Array.from({ length: most + 1 }, (_, value) => roundHalfEven((value / most) * 255));

/** The samples of a plain or binary file, in the order of the file, at 8 bits. */
const readSamples = (content: Uint8Array, kind: number, limit: number) => {
  const text = textReader(content);
  const [width, height] = [text.number(), text.number()];
  checkPixels(width, height, limit);
  const bands = kind % 3 === 0 ? 3 : 1;
  const samples = new Uint8Array(width * height * bands);
  const isBitmap = kind % 3 === 1;
  const most = isBitmap ? 1 : text.number();
  if (!(most >= 1 && most <= 65535)) {
    throw new UnreadableImage(`damaged: its greatest value is ${most}, expected 1 to 65535`);
  }

  if (kind === 1) {
    for (let i = 0; i < samples.length; i++) samples[i] = text.bit() === 1 ? 0 : 255;
  } else if (kind === 4) {
    const [from, stride] = [text.afterSpace(), Math.ceil(width / 8)];
    if (content.length < from + stride * height) throw truncated();
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        samples[i] = (content[from + y * stride + (x >> 3)]! >> (7 - (x & 7))) & 1 ? 0 : 255;
      }
    }
  } else if (kind < 4) {
    const scaled = scaleTo255(most);
    for (let i = 0; i < samples.length; i++) {
      const value = text.number();
      if (value > most) throw new UnreadableImage(`damaged: the value ${value} is above its greatest, ${most}`);
      samples[i] = scaled[value]!;
    }
  } else {
    const [from, bytes] = [text.afterSpace(), most > 255 ? 2 : 1];
    if (content.length < from + samples.length * bytes) throw truncated();
    const scaled = scaleTo255(most);
    for (let i = 0, at = from; i < samples.length; i++, at += bytes) {
      const value = bytes === 1 ? content[at]! : 256 * content[at]! + content[at + 1]!;
      samples[i] = scaled[Math.min(value, most)]!;
    }
  }
  return { width, height, bands, samples, most };
};

/**
 * Decodes PBM, PGM and PPM, plain and binary (P1 to P6; netpbm.sourceforge.net/doc/ppm.html), the first image of the
 * file. Values are scaled from the file's greatest to 255 and rounded as Pillow does, also those of two bytes; `deep`
 * tells of such. Throws UnreadableImage for damage, truncation and more than `limit` pixels.
 */
export const decodeNetpbm = (content: Uint8Array, limit: number): Raster & { readonly deep: boolean } => {
  const { width, height, bands, samples, most } = readSamples(content, content[1]! - zero, limit);
  const data = bands === 3 ? samples : Uint8Array.from({ length: 3 * samples.length }, (_, i) => samples[(i / 3) | 0]!);
  return { width, height, channels: 3, data, deep: most > 255 };
};
