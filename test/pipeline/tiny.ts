import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { onTestFinished } from "vitest";
import type { EvaluateContext } from "../../src/pipeline/commands.ts";
import { mergeFields, parseRecipe } from "../../src/pipeline/recipe/parse.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";
import { sha256 } from "../../src/support/files.ts";
import { stream } from "../../src/support/random.ts";
import { silent } from "../../src/support/work/progress.ts";

/** A folder that goes away with the test. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-distill-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

export interface Pictures {
  readonly classes?: number;
  readonly side?: number;
  /** Images of every class. */
  readonly train?: number;
  readonly test?: number;
}

/** One noisy picture whose class is told by the direction and the colour of its stripes. */
const picture = (label: number, side: number, ...path: readonly (string | number)[]): Buffer => {
  const random = stream(5, "picture", label, ...path);
  const pixels = Buffer.alloc(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const stripe = (label % 2 === 0 ? x : y) % 4 < 2 ? 90 : 0;
      for (let c = 0; c < 3; c++) {
        pixels[3 * (y * side + x) + c] = random.int(140) + (c === label % 3 ? stripe + 25 : stripe);
      }
    }
  }
  return pixels;
};

/** A PNG of the given size, as an image that fits into no class in particular. */
export const writePicture = async (file: string, side: number): Promise<void> => {
  await sharp(picture(0, side, file), { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(file);
};

/** An image folder of PNGs, the same for the same arguments. */
export const writePictures = async (
  folder: string,
  { classes = 4, side = 8, train = 12, test = 6 }: Pictures = {},
): Promise<string> => {
  for (const [split, images] of [
    ["train", train],
    ["test", test],
  ] as const) {
    for (let label = 0; label < classes; label++) {
      const place = join(folder, split, `kind${label}`);
      await mkdir(place, { recursive: true });
      for (let i = 0; i < images; i++) {
        await sharp(picture(label, side, split, i), { raw: { width: side, height: side, channels: 3 } })
          .png()
          .toFile(join(place, `${i}.png`));
      }
    }
  }
  return folder;
};

/** Fields of a recipe that ends within a second or two. */
export const tinyFields = {
  ipc: 3,
  teachers: ["convnet8x1", "convnet6x2"],
  students: ["convnet8x1"],
  labels: ["static", "dynamic", "hard"],
  iterations: 15,
  seeds: 2,
  teacher: { epochs: 5, batch: 16 },
  student: { epochs: 9, batch: 8, learningRate: 0.01 },
  full: { epochs: 2, batch: 16 },
} as const;

export const tinyRecipe = (data: string, over: Readonly<Record<string, unknown>> = {}): Recipe =>
  parseRecipe(mergeFields({ ...tinyFields, data }, over), "tiny");

export const quietly = (out: string, over: Partial<EvaluateContext> = {}): EvaluateContext => ({
  out,
  progress: silent,
  signal: new AbortController().signal,
  ...over,
});

/** Paths of all files below a folder, relative to it, sorted. */
export const filesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
};

const mapFiles = async <T>(folder: string, about: (file: string) => Promise<T>): Promise<Record<string, T>> =>
  Object.fromEntries(
    await Promise.all((await filesIn(folder)).map(async (path) => [path, await about(join(folder, path))] as const)),
  );

/** True for the seconds of a student, which no two runs share. */
export const isTimes = (path: string): boolean => path.endsWith("-seconds.json");

/** sha256 of every file below a folder but those of times. */
export const hashesIn = async (folder: string): Promise<Record<string, string>> => {
  const hashes = await mapFiles(folder, async (file) => sha256(await readFile(file)));
  return Object.fromEntries(Object.entries(hashes).filter(([file]) => !isTimes(file)));
};

/** When every file below a folder was last written, in nanoseconds. */
export const timesIn = (folder: string): Promise<Record<string, bigint>> =>
  mapFiles(folder, async (file) => (await stat(file, { bigint: true })).mtimeNs);
