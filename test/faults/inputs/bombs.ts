import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import { layPhotos } from "./images.ts";
import type { Input, Place, Trial } from "./input.ts";
import { layMat } from "./published.ts";
import { tarHeader } from "./tar.ts";
import { gzipOf, zlibOf } from "./zeros.ts";

const gigabyte = 2 ** 30;
const batch = "data_batch_1.bin";

const archive = async ({ folder }: Place, bytes: Uint8Array): Promise<readonly string[]> => {
  const file = join(folder, "cifar-10-binary.tar.gz");
  await writeFile(file, bytes);
  return ["data", "cifar10", "--archive", file];
};

const u32 = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, n] of numbers.entries()) bytes.writeUInt32LE(n >>> 0, 4 * i);
  return bytes;
};

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);

/** A data element of a MATLAB file: type, size, data padded to 8 bytes; `size` may promise more than there is. */
const element = (type: number, data: Buffer, size = data.length): Buffer =>
  padded(Buffer.concat([u32(type, size), data]));

const [int8, int32, uint32, uint8, matrix, compressed] = [1, 5, 6, 2, 14, 15];

const matFile = (...elements: readonly Buffer[]): Buffer => {
  const header = Buffer.alloc(128, " ");
  header.set([0, 1, 0x49, 0x4d], 124);
  return Buffer.concat([header, ...elements]);
};

/** The beginning of an array named synsets: class 2 is a structure, 9 are bytes. */
const arrayHead = (kind: number, ...dimensions: readonly number[]): Buffer =>
  Buffer.concat([
    element(uint32, u32(kind, 0)),
    element(int32, u32(...dimensions)),
    element(int8, Buffer.from("synsets")),
  ]);

/** A structure of so many rows and of fields with names of a length. */
const structure = (rows: number, nameLength: number, names: string): Buffer =>
  element(
    matrix,
    Buffer.concat([
      arrayHead(2, rows, 1),
      element(int32, u32(nameLength)),
      element(int8, Buffer.from(names)),
      u32(0, 0),
    ]),
  );

/** A structure in a structure, and so on, so many levels deep. */
const nested = (depth: number): Buffer => {
  const innermost = element(matrix, Buffer.concat([arrayHead(9, 1, 1), element(uint8, Buffer.from([1]))]));
  const names = element(int8, Buffer.from("a".padEnd(8, "\0")));
  const before = Buffer.concat([arrayHead(2, 1, 1), element(int32, u32(8)), names]);
  const sizeAt = (level: number): number => innermost.length + (depth - level) * (before.length + 8) - 8;
  const levels = Array.from({ length: depth }, (_, level) => Buffer.concat([u32(matrix, sizeAt(level)), before]));
  return Buffer.concat([...levels, innermost]);
};

/** Data that inflate to an array of so many bytes. */
const inflating = (bytes: number): Buffer => {
  const head = Buffer.concat([arrayHead(9, bytes, 1), u32(uint8, bytes)]);
  const packed = zlibOf(Buffer.concat([u32(matrix, head.length + bytes), head]), bytes);
  return Buffer.concat([u32(compressed, packed.length), packed]);
};

const pngChunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length);
  numbers.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
};

/** A black PNG: colour type 0 of 1 bit, or 2 of 3 bytes a pixel. */
const png = (side: number, bits: 1 | 24, rows = side): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side);
  header.writeUInt32BE(side, 4);
  header.set(bits === 1 ? [1, 0] : [8, 2], 8);
  const row = 1 + Math.ceil((side * bits) / 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk("IHDR", header),
    pngChunk("IDAT", zlibOf(Buffer.alloc(0), row * rows)),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
};

/** A GIF that promises a screen and a frame of 65535x65535 and holds one pixel's code. */
const gif = Buffer.concat([
  Buffer.from("GIF89a"),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
  Buffer.from([0x2c, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 2, 2, 0x4c, 1, 0, 0x3b]),
]);

const svg = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><rect width="30000" height="30000"/></svg>',
);

const photos =
  (name: string, image: () => Buffer, copies = 1, ...options: readonly string[]) =>
  async ({ folder }: Place): Promise<readonly string[]> => {
    const root = join(folder, "photos");
    for (let i = 1; i <= copies; i++) await layPhotos(root, `${i}-${name}`, image());
    return ["data", root, ...options];
  };

const crafted: Readonly<Record<string, (place: Place) => Promise<readonly string[]>>> = {
  "gzip-entry": (place) => archive(place, gzipOf(tarHeader({ name: batch, size: 3 * gigabyte }), 3 * gigabyte)),
  "gzip-foreign-entry": (place) => archive(place, gzipOf(tarHeader({ name: "x", size: 3 * gigabyte }), 3 * gigabyte)),
  "tar-8-gib": (place) => archive(place, gzipSync(tarHeader({ name: batch, size: 8 * gigabyte - 1 }))),
  "tar-2-to-62": (place) => archive(place, gzipSync(tarHeader({ name: batch, size: 2n ** 62n }))),
  "tar-4-gib": (place) => archive(place, gzipSync(tarHeader({ name: batch, size: 4 * gigabyte - 1 }))),
  "tar-negative": (place) => archive(place, gzipSync(tarHeader({ name: batch, size: -1 }))),
  "tar-long-name": (place) => archive(place, gzipOf(tarHeader({ name: "x", size: 3 * gigabyte, type: "L" }), gigabyte)),
  "tar-pax": (place) => archive(place, gzipOf(tarHeader({ name: "x", size: 2 * gigabyte, type: "x" }), 2 * gigabyte)),
  "mat-no-fields": (place) => layMat(place, matFile(structure(2 ** 31 - 1, 32, ""))),
  "mat-name-of-no-length": (place) => layMat(place, matFile(structure(2 ** 31 - 1, 0, "abcdefgh"))),
  "mat-name-of-negative-length": (place) => layMat(place, matFile(structure(2 ** 31 - 1, -1, "abcdefgh"))),
  "mat-numbers": (place) => layMat(place, matFile(inflating(300 * 2 ** 20))),
  "mat-zlib": (place) => layMat(place, matFile(inflating(2 * gigabyte - 2 ** 20))),
  "mat-many-small": (place) => layMat(place, matFile(...Array.from({ length: 40 }, () => inflating(60 * 2 ** 20)))),
  "mat-nested": (place) => layMat(place, matFile(nested(20_000))),
  "png-1-bit": photos("wide.png", () => png(16_000, 1)),
  "png-24-bit": photos("wide.png", () => png(16_000, 24)),
  "png-24-bit-four": photos("wide.png", () => png(16_000, 24), 4, "--resize", "16"),
  "png-without-rows": photos("wide.png", () => png(16_383, 24, 0)),
  "png-too-wide": photos("wide.png", () => png(100_000, 1)),
  "gif-65535": photos("wide.gif", () => gif),
  "svg-as-png": photos("wide.png", () => svg, 1, "--resize", "16"),
};

/** Few bytes that become many, or promise to. They may be refused, or be read within the limits. */
export const bombs: Input = {
  name: "bomb",
  attempts: Object.keys(crafted),
  lay: async (place, name): Promise<Trial> => ({ args: await crafted[name]!(place), how: name }),
};
