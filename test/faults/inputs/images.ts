import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { stream } from "../../../src/support/random.ts";
import { mutate } from "../mutate.ts";
import type { Input, Trial } from "./input.ts";

const side = 16;

/** A noisy picture, the same every time. */
const picture = (channels: 3 | 4 = 3): Sharp => {
  const random = stream(0, "picture", channels);
  const pixels = Buffer.from(Array.from({ length: side * side * channels }, () => random.int(256)));
  return sharp(pixels, { raw: { width: side, height: side, channels } });
};

const animated = (): Sharp =>
  sharp({ create: { width: side, height: 3 * side, channels: 3, background: "teal", pageHeight: side } });

/** Pictures of each format, in the ways it can store them. */
const variants: Readonly<Record<string, readonly (() => Sharp)[]>> = {
  jpeg: [
    () => picture().jpeg(),
    () => picture().jpeg({ progressive: true }),
    () => picture().greyscale().jpeg(),
    () => picture().toColourspace("cmyk").jpeg(),
    () => picture().withMetadata({ orientation: 6 }).jpeg({ chromaSubsampling: "4:4:4" }),
  ],
  png: [
    () => picture().png(),
    () => picture().greyscale().png(),
    () => picture().png({ palette: true }),
    () => picture(4).png({ progressive: true }),
    () => picture().toColourspace("rgb16").png(),
  ],
  webp: [
    () => picture().webp(),
    () => picture().webp({ lossless: true }),
    () => picture(4).webp(),
    () => animated().webp(),
  ],
  gif: [() => picture().gif(), () => animated().gif()],
  tiff: [
    () => picture().tiff({ compression: "none" }),
    () => picture().tiff({ compression: "lzw" }),
    () => picture().tiff({ compression: "deflate", predictor: "horizontal" }),
    () => picture().tiff({ compression: "jpeg" }),
    () => picture(4).tiff({ compression: "packbits" }),
    () => picture().tiff({ tile: true, tileWidth: side, tileHeight: side, pyramid: true }),
  ],
  avif: [() => picture().avif({ effort: 0 }), () => picture(4).avif({ effort: 0, lossless: true })],
};

const encoded = new Map<string, Promise<Buffer>>();

/** The bytes of a variant, encoded once. */
const variantOf = (format: string, n: number): Promise<Buffer> => {
  const id = `${format}/${n}`;
  const found = encoded.get(id) ?? variants[format]![n]!().toBuffer();
  encoded.set(id, found);
  return found;
};

/** An image folder of two classes of one image each, to train and to test; returns the path of one of them. */
export const layPhotos = async (folder: string, name: string, image: Buffer): Promise<string> => {
  const good = await variantOf("png", 0);
  for (const path of ["train/cat", "train/dog", "test/cat", "test/dog"]) {
    await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, path, "0.png"), good);
  }
  const file = join(folder, "train/cat", name);
  await writeFile(file, image);
  return file;
};

/** PNG has a checksum of every chunk. A cut file of any format lacks pixels, or nothing that shows. */
const knowsDamage = (format: string, how: readonly string[]): boolean =>
  format === "png" || how.every((each) => each === "cut");

const imagesOf = (format: string): Input => ({
  name: format,
  attempts: 900,
  lay: async ({ folder, random }): Promise<Trial> => {
    const whole = await variantOf(format, random.int(variants[format]!.length));
    const { bytes, how } = mutate(whole, random);
    const photos = join(folder, "photos");
    const file = await layPhotos(photos, `1.${format}`, bytes);
    const args = ["data", photos, "--json", ...(random.int(2) === 0 ? ["--resize", "16"] : [])];
    if (!knowsDamage(format, how)) return { args, how: how.join(", ") };
    return {
      args,
      how: how.join(", "),
      accepted: async ({ stdout }, ask) => {
        await writeFile(file, whole);
        return (await ask(...args)).stdout === stdout ? undefined : "other pixels are taken";
      },
    };
  },
});

export const images: readonly Input[] = Object.keys(variants).map(imagesOf);
