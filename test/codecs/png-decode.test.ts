import { inflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { decodePng, pngHeader } from "../../src/codecs/png-decode.ts";
import { encodePaeth } from "../../src/codecs/png-paeth.ts";

const decode = (png: Uint8Array): Promise<Uint8Array> => decodePng(png, pngHeader(png)!);

/** Values of a picture with edges and slopes, so that an adaptive encoder takes every filter. */
const picture = (width: number, height: number, steep: number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / (3 * width)), i % 3];
    return 128 + 90 * Math.sin(x / 7 + c) * Math.cos((y * steep) / 9) + (((x * y * 7919) >> 3) % (1 + (y % 5) * 9));
  });

/** The filters of a PNG's rows; large ones have several chunks of packed rows. */
const filtersOf = (png: Buffer, width: number): Set<number> => {
  const packed: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") packed.push(data);
  }
  const rows = inflateSync(Buffer.concat(packed));
  return new Set(Array.from({ length: rows.length / (1 + 3 * width) }, (_, y) => rows[y * (1 + 3 * width)]!));
};

test("pixels are sharp's to the last bit, of rows with all five filters", async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 70 }),
      fc.float({ min: 0, max: 9, noNaN: true }),
      async (width, height, steep) => {
        const raw = { width, height, channels: 3 } as const;
        const png = await sharp(picture(width, height, steep), { raw })
          .png({ adaptiveFiltering: true })
          .toBuffer();
        for (const filter of filtersOf(png, width)) seen.add(filter);
        expect(await decode(png)).toEqual(new Uint8Array(await sharp(png).raw().toBuffer()));
      },
    ),
    {
      numRuns: 40,
      // One pixel has filter 0, the rows of the other all the rest.
      examples: [
        [1, 1, 0],
        [70, 70, 9],
      ],
    },
  );
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
});

test("a file that is cut, packed wrongly or of more or fewer pixels than it says is refused", async () => {
  const png = await encodePaeth(picture(20, 10, 1), 20, 10);
  expect(await decode(png)).toEqual(picture(20, 10, 1));
  await expect(decode(png.subarray(0, -12))).rejects.toThrow("it is cut short");
  await expect(decode(Buffer.from(png).fill(0, 41, 60))).rejects.toThrow("cannot be unpacked");
  const saying = (height: number): Buffer => {
    const other = Buffer.from(png);
    other.writeUInt32BE(height, 20);
    return other;
  };
  await expect(decode(saying(9))).rejects.toThrow("its pixels take more than 549 bytes");
  await expect(decode(saying(11))).rejects.toThrow("its pixels take 610 bytes, expected 671");
  expect(pngHeader(png.subarray(1))).toBeUndefined();
  expect(pngHeader(new Uint8Array(5))).toBeUndefined();
});
