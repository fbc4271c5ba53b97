import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage } from "../../../src/data/decode/decode-image.ts";
import { type BmpParts, bmp, type TiffParts, tiff } from "../image-bytes.ts";

/** Expected pixels are those of Pillow 13.0's `Image.open(...).convert("RGB")`, unless a test says otherwise. */
const pixelsOf = async (content: Uint8Array, decoding = {}): Promise<number[]> => [
  ...(await decodeImage(content, decoding)).interleaved,
];
const remarksOf = async (content: Uint8Array): Promise<readonly string[]> => (await decodeImage(content)).remarks;
const grey = (...levels: readonly number[]): number[] => levels.flatMap((level) => [level, level, level]);

describe("BMP", () => {
  const palette = [10, 20, 30, 0, 40, 50, 60, 0, 70, 80, 90, 0, 1, 2, 3, 0];
  const shorts = Uint8Array.of(0x34, 0x12, 0xdc, 0xfe);
  const cases: readonly [string, BmpParts, readonly number[]][] = [
    [
      "1 bit",
      { width: 3, height: 2, bits: 1, palette: palette.slice(0, 8), rows: Uint8Array.of(0xa0, 0, 0, 0, 0x40, 0, 0, 0) },
      [30, 20, 10, 60, 50, 40, 30, 20, 10, 60, 50, 40, 30, 20, 10, 60, 50, 40],
    ],
    [
      "4 bits",
      { width: 3, height: 1, bits: 4, palette, rows: Uint8Array.of(0x21, 0x30, 0, 0) },
      [90, 80, 70, 60, 50, 40, 3, 2, 1],
    ],
    ["8 bits", { width: 2, height: 1, bits: 8, palette, rows: Uint8Array.of(3, 1, 0, 0) }, [3, 2, 1, 60, 50, 40]],
    ["16 bits", { width: 2, height: 1, bits: 16, rows: shorts }, [32, 139, 164, 255, 180, 230]],
    [
      "16 bits of 5, 6 and 5",
      { width: 2, height: 1, bits: 16, rows: shorts, compression: 3, masks: [0xf800, 0x7e0, 0x1f] },
      [16, 68, 164, 255, 218, 230],
    ],
    ["24 bits", { width: 1, height: 2, bits: 24, rows: Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 0) }, [6, 5, 4, 3, 2, 1]],
    ["top-down", { width: 1, height: -2, bits: 24, rows: Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 0) }, [3, 2, 1, 6, 5, 4]],
    ["32 bits, the last of no meaning", { width: 1, height: 1, bits: 32, rows: Uint8Array.of(1, 2, 3, 4) }, [3, 2, 1]],
  ];

  test.each(cases)("of %s", async (_, parts, pixels) => {
    expect(await pixelsOf(bmp(parts))).toEqual(pixels);
  });

  test("with a mask for opacity is laid over white", async () => {
    const masks = [0xff0000, 0xff00, 0xff, 0xff000000 | 0];
    const rows = Uint8Array.of(0, 100, 200, 255, 0, 100, 200, 0);
    const content = bmp({ width: 2, height: 1, bits: 32, rows, compression: 3, masks, header: 56 });
    expect(await pixelsOf(content)).toEqual([200, 100, 0, 255, 255, 255]);
  });

  test.each<[string, Buffer, RegExp]>([
    ["run lengths", bmp({ width: 1, height: 1, bits: 8, rows: new Uint8Array(4), compression: 1 }), /RLE8 compression/],
    ["no last row", bmp({ width: 1, height: 2, bits: 24, rows: new Uint8Array(7) }), /^truncated/],
    ["half a header", bmp({ width: 1, height: 1, bits: 24, rows: new Uint8Array(4) }).subarray(0, 20), /^truncated/],
    [
      "a colour that is not in its palette",
      bmp({ width: 1, height: 1, bits: 8, palette: [0, 0, 0, 0], rows: Uint8Array.of(1, 0, 0, 0) }),
      /colour 1 of a palette of 1/,
    ],
    [
      "a palette beyond its end",
      bmp({ width: 1, height: 1, bits: 8, palette: [], rows: new Uint8Array(4) }).fill(200, 46, 47),
      /^truncated/,
    ],
    ["no width", bmp({ width: 0, height: 1, bits: 24, rows: new Uint8Array(4) }), /size of 0x1/],
    ["11 bits", bmp({ width: 1, height: 1, bits: 11, rows: new Uint8Array(4) }), /11 bits/],
  ])("with %s is refused", async (_, content, message) => {
    await expect(decodeImage(content)).rejects.toThrow(message);
  });
});

describe("PBM, PGM and PPM", () => {
  const bits = grey(0, 255, 0, 255, 0, 255);
  test.each<[string, string, readonly number[]]>([
    ["P1", "P1\n# c\n3 2\n1 0 1\n010", bits],
    ["P4", "P4 3 2\n\xa0\x40", bits],
    ["P2", "P2 2 1 100\n# c\n50 100", grey(128, 255)],
    ["P5", "P5 2 1 255\n\x07\xff", grey(7, 255)],
    ["P5 of 4 bits", "P5 3 1 15\n\x01\x08\x0f", grey(17, 136, 255)],
    ["P3", "P3 1 1 31 # x\n1 2 31", [8, 16, 255]],
    ["P6", "P6 1 1 255\n\x0a\x0b\x0c", [10, 11, 12]],
    ["P6 of two bytes, halves to even", "P6 1 1 510\n\x00\x01\x00\x03\x01\xfe", [0, 2, 255]],
  ])("%s", async (_, content, pixels) => {
    expect(await pixelsOf(Buffer.from(content, "latin1"))).toEqual(pixels);
  });

  test("P5 of two bytes is scaled, where Pillow cuts at 255, and says so", async () => {
    const content = Buffer.from("P5 2 1 65535\n\x80\x00\xff\xff", "latin1");
    expect(await pixelsOf(content)).toEqual(grey(128, 255));
    expect(await remarksOf(content)).toEqual(["bits"]);
  });

  test.each([
    ["P6 2 1 255\n12345", /^truncated/],
    ["P3 1 1 255\n1 2", /^truncated/],
    ["P2 1 1 9\n10", /10 is above its greatest, 9/],
    ["P5 1 1 70000\n..", /greatest value is 70000/],
    ["P6 x 1 255\n", /expected a decimal digit/],
    ["P1 1 1\n2", /2 in place of 0 or 1/],
    ["P6 0 1 255\n", /size of 0x1/],
  ])("%j is refused", async (content, message) => {
    await expect(decodeImage(Buffer.from(content))).rejects.toThrow(message);
  });
});

describe("TIFF", () => {
  const rgbn = Uint8Array.of(200, 60, 40, 10, 1, 2, 3, 255);
  const four: TiffParts = { width: 2, height: 1, samples: 4, photometric: 2, pixels: rgbn };
  const one: TiffParts = { width: 2, height: 1, samples: 1, photometric: 1, pixels: Uint8Array.of(7, 200) };

  test.each([[[0]], [[]]])("with a fourth band that is no opacity (%j) is its first three", async (extra) => {
    const content = tiff({ ...four, extra });
    expect(await pixelsOf(content)).toEqual([200, 60, 40, 1, 2, 3]);
    expect(await remarksOf(content)).toEqual(["bands"]);
    // Nor does the fourth band weigh the colours when they are resized.
    expect(await pixelsOf(content, { resize: 1 })).toHaveLength(3);
  });

  test("with opacity is laid over white, also with a band behind it", async () => {
    const over = [252, 247, 246, 1, 2, 3];
    expect(await pixelsOf(tiff({ ...four, extra: [2] }))).toEqual(over);
    const pixels = Uint8Array.of(200, 60, 40, 10, 99, 1, 2, 3, 255, 99);
    expect(await pixelsOf(tiff({ ...four, samples: 5, extra: [2, 0], pixels }))).toEqual(over);
  });

  test("with associated opacity is laid over white by it", async () => {
    const pixels = Uint8Array.of(100, 50, 0, 128, 1, 2, 3, 255);
    for (const [i, value] of (await pixelsOf(tiff({ ...four, extra: [1], pixels }))).entries()) {
      expect(Math.abs(value - [227, 177, 127, 1, 2, 3][i]!)).toBeLessThanOrEqual(1);
    }
  });

  test("of 16 bits and four bands is the upper 8 of three", async () => {
    const pixels = Buffer.from(Uint16Array.of(0x1234, 0xabff, 0xff00, 9, 255, 256, 0, 9).buffer);
    const content = tiff({ ...four, bits: 16, extra: [0], pixels });
    expect(await pixelsOf(content)).toEqual([0x12, 0xab, 0xff, 0, 1, 0]);
    expect(await remarksOf(content)).toEqual(["bits", "bands"]);
  });

  test("of grey, white as zero, two bands or CMYK", async () => {
    expect(await pixelsOf(tiff(one))).toEqual(grey(7, 200));
    expect(await pixelsOf(tiff({ ...one, photometric: 0 }))).toEqual(grey(248, 55));
    expect(await pixelsOf(tiff({ ...one, samples: 2, extra: [0], pixels: Uint8Array.of(7, 0, 200, 9) }))).toEqual(
      grey(7, 200),
    );
    const inks = Uint8Array.of(95, 130, 194, 95, 217, 207, 235, 73);
    expect(await pixelsOf(tiff({ ...four, photometric: 5, pixels: inks }))).toEqual([100, 78, 38, 27, 34, 14]);
  });

  test("of two pages says that the first is read", async () => {
    expect(await remarksOf(tiff({ ...one, twice: true }))).toEqual(["frames"]);
    expect(await remarksOf(tiff(one))).toEqual([]);
  });

  const wide = (bytes: number): Uint8Array => new Uint8Array(2 * bytes);
  test.each<[string, TiffParts, string]>([
    ["floats", { ...one, bits: 32, format: 3, pixels: wide(4) }, "32-bit floating-point samples"],
    ["doubles", { ...one, bits: 64, format: 3, pixels: wide(8) }, "64-bit floating-point samples"],
    ["half floats", { ...one, bits: 16, format: 3, pixels: wide(2) }, "16-bit floating-point samples"],
    ["complex numbers", { ...one, bits: 64, format: 6, pixels: wide(8) }, "64-bit complex samples"],
    ["signed bytes", { ...one, format: 2 }, "8-bit signed samples"],
    ["signed shorts", { ...one, bits: 16, format: 2, pixels: wide(2) }, "16-bit signed samples"],
    ["signed longs", { ...one, bits: 32, format: 2, pixels: wide(4) }, "32-bit signed samples"],
    ["longs", { ...one, bits: 32, pixels: wide(4) }, "32 bits a sample"],
    ["Lab", { ...one, samples: 3, photometric: 8, pixels: wide(3) }, "CIELab"],
    ["YCbCr", { ...one, samples: 3, photometric: 6, pixels: wide(3) }, "YCbCr without JPEG"],
    ["CMYK of 16 bits", { ...four, bits: 16, photometric: 5, pixels: wide(8) }, "16-bit CMYK"],
    ["13 bands", { ...one, samples: 13, extra: new Array<number>(12).fill(0), pixels: wide(13) }, "13 bands"],
    ["opacity behind a band", { ...four, samples: 5, extra: [0, 2], pixels: wide(5) }, "opacity among the others"],
  ])("of %s is refused by name", async (_, parts, what) => {
    await expect(decodeImage(tiff(parts))).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`^TIFF .*${what}.* is not read$`)) as string,
      remedy: expect.stringMatching(/^(write|convert)/) as string,
    });
  });

  test("cut in its header is damaged", async () => {
    await expect(decodeImage(tiff(one).subarray(0, 40))).rejects.toThrow("damaged: its header points outside");
  });
});

describe("other formats", () => {
  const red = { r: 200, g: 40, b: 60 };
  const plain = (channels: 3 | 4 = 3) => sharp({ create: { width: 8, height: 8, channels, background: red } });

  test("JPEG of CMYK is what its inks leave of the light", async () => {
    const inked = plain().toColourspace("cmyk").jpeg({ quality: 100 });
    const content = await inked.toBuffer();
    const stored = sharp(content).pipelineColourspace("cmyk").toColourspace("cmyk");
    const [c, m, y, k] = [...(await stored.raw().toBuffer())];
    const expected = [c, m, y].map((ink) => 255 - k! - Math.round((ink! * (255 - k!)) / 255));
    expect((await pixelsOf(content)).slice(0, 3)).toEqual(expected);
  });

  test("colour profiles are not applied", async () => {
    const bare = await plain().png().toBuffer();
    const profiled = await sharp(bare).withIccProfile("p3", { attach: true }).png().toBuffer();
    const stored = [...(await sharp(profiled, { ignoreIcc: true }).raw().toBuffer())];
    expect(stored.slice(0, 3)).not.toEqual([200, 40, 60]);
    expect(await pixelsOf(profiled)).toEqual(stored);
  });

  test("PNG of 16 bits says that the upper 8 are read", async () => {
    expect(await remarksOf(await plain().toColourspace("rgb16").png().toBuffer())).toEqual(["bits"]);
    expect(await remarksOf(await plain().png().toBuffer())).toEqual([]);
  });

  test.each(["gif", "webp"] as const)("an animated %s says that the first frame is read", async (format) => {
    const frames = Buffer.concat([Buffer.alloc(192, 30), Buffer.alloc(192, 200)]);
    const raw = { width: 8, height: 16, channels: 3 as const, pageHeight: 8 };
    const content = await sharp(frames, { raw }).toFormat(format, { lossless: true }).toBuffer();
    expect(await remarksOf(content)).toEqual(["frames"]);
    expect((await pixelsOf(content))[0]).toBe(30);
    expect(await remarksOf(await plain().toFormat(format).toBuffer())).toEqual([]);
  });

  test("more pixels than allowed are refused before they are unpacked", async () => {
    const message = "8x8 are 64 pixels, more than the 63 that an image may have";
    const ppm = Buffer.from("P5 8 8 255\n");
    for (const content of [await plain().png().toBuffer(), await plain().jpeg().toBuffer(), ppm]) {
      await expect(decodeImage(content, { maxPixels: 63 })).rejects.toMatchObject({
        message,
        remedy: "make it smaller, or allow more with --max-pixels N",
      });
    }
    expect(await pixelsOf(await plain().png().toBuffer(), { maxPixels: 64 })).toHaveLength(192);
  });

  test.each<[string, string | Buffer, string]>([
    ["nothing", "", "it is empty, 0 bytes"],
    ["HEIC", "\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not read"],
    ["JPEG XL", "\xff\x0a...", "JPEG XL is not read"],
    ["SVG", '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG is not read"],
    ["floating-point PFM", "PF\n1 1\n-1.0\n", "PFM (floating-point) is not read"],
    ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\n", "it is a Git-LFS pointer"],
    ["a web page", "<!DOCTYPE html><title>404</title>", "it is an HTML page"],
    ["an archive", "PK\x03\x04", "it is a zip archive"],
    ["text", "hello", "unsupported image format or none; formats that are read: JPEG, PNG"],
  ])("%s is refused by name", async (_, content, message) => {
    const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
    await expect(decodeImage(bytes)).rejects.toThrow(message);
  });
});
