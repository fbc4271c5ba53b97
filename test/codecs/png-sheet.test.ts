import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodeSheet } from "../../src/codecs/png-sheet.ts";
import { decodeSheet } from "../../src/codecs/read-sheet.ts";
import { sheetSize } from "../../src/codecs/sheet-layout.ts";
import { stream } from "../../src/support/random.ts";

const image = { height: 2, width: 3 };
const pixels = Uint8Array.from({ length: 5 * 18 }, (_, i) => (i * 7) % 256);

describe("contact sheet", () => {
  it("lays tiles out in rows of ceil(sqrt(tiles))", () => {
    expect(sheetSize(5, image)).toEqual({ columns: 3, width: 9, height: 4 });
    expect(sheetSize(1000, { height: 224, width: 224 }).columns).toBe(32);
  });

  it("gives the pixels back, and the same bytes each time", async () => {
    const png = await encodeSheet(pixels, 5, image);
    expect(await decodeSheet(png, 5, image)).toEqual(pixels);
    expect(await encodeSheet(pixels, 5, image)).toEqual(png);
  });

  it("shows tile 3 at the left of the second row, in RGB", async () => {
    const sheet = await sharp(await encodeSheet(pixels, 5, image))
      .raw()
      .toBuffer();
    const at = (2 * 9 + 0) * 3;
    expect([...sheet.subarray(at, at + 3)]).toEqual([pixels[3 * 18], pixels[3 * 18 + 6], pixels[3 * 18 + 12]]);
  });

  it.each([7, 6, 5])(
    "gives pixels of %i bits back, in fewer bytes than libpng's choice of filters takes",
    async (bits) => {
      const side = { height: 30, width: 32 };
      const random = stream(1, "sheet");
      const step = 2 ** (8 - bits);
      const smooth = Uint8Array.from({ length: 6 * 3 * 30 * 32 }, (_, i) => {
        const [x, y, plane] = [i % 32, Math.floor(i / 32) % 30, Math.floor(i / 960)];
        const value = 128 + 120 * Math.sin(x / 5 + plane) * Math.cos(y / 7) + 12 * random.normal();
        return Math.min(255, step * Math.round(Math.max(0, value) / step));
      });
      expect(smooth).toContain(255);
      const png = await encodeSheet(smooth, 6, side);
      expect(await decodeSheet(png, 6, side)).toEqual(smooth);
      expect(await encodeSheet(smooth, 6, side)).toEqual(png);
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      const usual = await sharp(data, { raw: info }).png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
      expect(png.length).toBeLessThan(0.97 * usual.length);
    },
  );

  it("refuses other sizes, other kinds, alpha, and a file cut short", async () => {
    const png = await encodeSheet(pixels, 5, image);
    await expect(decodeSheet(png, 7, image)).rejects.toThrow("9x4, expected a png of 9x6");
    const create = { width: 9, height: 4, channels: 4 as const, background: "#0000" };
    await expect(decodeSheet(await sharp({ create }).png().toBuffer(), 5, image)).rejects.toThrow(
      "red, green, blue and alpha",
    );
    await expect(decodeSheet(await sharp({ create }).webp().toBuffer(), 5, image)).rejects.toThrow("it is no png");
    await expect(decodeSheet(png.subarray(0, png.length - 20), 5, image)).rejects.toThrow();
  });
});
