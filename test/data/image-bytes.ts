/** Bytes of small image files in formats that no library here writes. */

const u16 = (...values: readonly number[]): Buffer => Buffer.from(Uint16Array.from(values).buffer);
const u32 = (...values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);

export interface BmpParts {
  readonly width: number;
  /** Negative: top-down. */
  readonly height: number;
  readonly bits: number;
  readonly rows: Uint8Array;
  readonly compression?: number;
  /** Blue, green, red, 0 of each colour. */
  readonly palette?: readonly number[];
  readonly masks?: readonly number[];
  /** Bytes of the second header; masks beyond 40 bytes lie in it. */
  readonly header?: number;
}

export const bmp = ({ width, height, bits, rows, ...given }: BmpParts): Buffer => {
  const { compression = 0, palette = [], masks = [], header = 40 } = given;
  const info = Buffer.concat([
    u32(header, width, height),
    u16(1, bits),
    u32(compression, 0, 0, 0, palette.length / 4, 0),
    u32(...masks),
    Buffer.alloc(Math.max(0, header - 40 - 4 * masks.length)),
  ]);
  const offset = 14 + info.length + palette.length;
  return Buffer.concat([Buffer.from("BM"), u32(0, 0, offset), info, Buffer.from(palette), rows]);
};

export interface TiffParts {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bits?: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 5 CMYK, 6 YCbCr, 8 CIELab. */
  readonly photometric: number;
  /** 1 unsigned, 2 signed, 3 floating-point, 6 complex. */
  readonly format?: number;
  /**
   * Kind of each sample beyond the colours: 0 unspecified, 1 associated, 2 unassociated opacity. Empty: no such tag.
   */
  readonly extra?: readonly number[];
  readonly pixels: Uint8Array;
  /** Whether a second page, the same, follows. */
  readonly twice?: boolean;
}

/** A little-endian TIFF of one strip, uncompressed. */
export const tiff = ({ width, height, samples, photometric, pixels, ...given }: TiffParts): Buffer => {
  const { bits = 8, format = 1, extra = [], twice = false } = given;
  const shorts: [number, readonly number[]][] = [
    [256, [width]],
    [257, [height]],
    [258, Array.from({ length: samples }, () => bits)],
    [259, [1]],
    [262, [photometric]],
    [277, [samples]],
    [278, [height]],
    [284, [1]],
    ...(extra.length > 0 ? [[338, extra] as [number, readonly number[]]] : []),
    [339, Array.from({ length: samples }, () => format)],
  ];
  const count = shorts.length + 2;
  const directoryBytes = 2 + 12 * count + 4;
  const listsAt = 8 + directoryBytes * (twice ? 2 : 1);
  const lists: Buffer[] = [];
  const listed = (): number => lists.reduce((sum, list) => sum + list.length, 0);
  const entries = shorts.map(([tag, values]): [number, Buffer] => {
    if (values.length <= 2) {
      return [tag, Buffer.concat([u16(tag, 3), u32(values.length), u16(...values, ...(values.length < 2 ? [0] : []))])];
    }
    const at = listsAt + listed();
    lists.push(u16(...values));
    return [tag, Buffer.concat([u16(tag, 3), u32(values.length, at)])];
  });
  const pixelsAt = listsAt + listed();
  entries.push([273, Buffer.concat([u16(273, 4), u32(1, pixelsAt)])]);
  entries.push([279, Buffer.concat([u16(279, 4), u32(1, pixels.length)])]);
  const sorted = entries.sort(([a], [b]) => a - b).map(([, entry]) => entry);
  const directory = (next: number): Buffer => Buffer.concat([u16(count), ...sorted, u32(next)]);
  const directories = twice ? [directory(8 + directoryBytes), directory(0)] : [directory(0)];
  return Buffer.concat([Buffer.from("II*\0"), u32(8), ...directories, ...lists, pixels]);
};
