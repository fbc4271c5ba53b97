import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { imageFolder } from "../../../src/data/sources/image-folder.ts";
import { type Progress, silent } from "../../../src/support/work/progress.ts";
import { codeOf, failureOf, pixelsOf, temporaryFolder } from "../fixtures.ts";

const quiet = { skipUnreadable: false, progress: silent } as const;
const skipping = { skipUnreadable: true, progress: silent } as const;

type Paint = { r: number; g: number; b: number; alpha?: number };
const red = { r: 255, g: 0, b: 0 };
const blue = { r: 0, g: 0, b: 255 };

/** A plain image of one colour; the file's ending decides the format. */
const plain = async (path: string, colour: Paint, width = 8, height = width): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const channels = colour.alpha === undefined ? 3 : 4;
  await sharp({ create: { width, height, channels, background: colour } }).toFile(path);
};

/** Noise, so that a JPEG has bytes enough to be cut. */
const noisy = async (path: string, side = 64): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const raw = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 7919 + ((i * i) >> 3)) & 255);
  await sharp(raw, { raw: { width: side, height: side, channels: 3 } }).toFile(path);
};

const truncate = async (path: string): Promise<void> => {
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, Math.floor(bytes.length / 2)));
};

/** A folder with the classes cat (red) and dog (blue), two training images and one test image each. */
const petFolder = async (test = "test"): Promise<string> => {
  const folder = await temporaryFolder();
  for (const [name, colour] of [["dog", blue] as const, ["cat", red] as const]) {
    await plain(join(folder, "train", name, "1.png"), colour);
    await plain(join(folder, "train", name, "2.png"), colour);
    await plain(join(folder, test, name, "1.png"), colour);
  }
  return folder;
};

describe("a good folder", () => {
  test("is read in the order of its names, as planes", async () => {
    const folder = await petFolder();
    const data = await imageFolder(folder, quiet);
    expect(data.classes).toEqual(["cat", "dog"]);
    expect(data.image).toEqual({ height: 8, width: 8 });
    expect([...data.train.labels]).toEqual([0, 0, 1, 1]);
    expect([...data.test.labels]).toEqual([0, 1]);
    const [train] = await pixelsOf(data);
    expect(train).toHaveLength(4 * 3 * 64);
    expect(train.subarray(0, 64).every((v) => v === 255)).toBe(true);
    expect(train.subarray(64, 192).every((v) => v === 0)).toBe(true);
    expect(train.subarray(3 * 192 + 128).every((v) => v === 255)).toBe(true);
    expect(data.normalisation.mean[0]).toBeCloseTo(0.5, 10);
    expect(data.skipped).toEqual([]);
    expect(folder.endsWith(data.name)).toBe(true);
  });

  test("may call its test images val/, but test/ goes first", async () => {
    const folder = await petFolder("val");
    expect((await imageFolder(folder, quiet)).test.length).toBe(2);
    await plain(join(folder, "test", "cat", "1.png"), red);
    await plain(join(folder, "test", "cat", "2.png"), red);
    await plain(join(folder, "test", "dog", "1.png"), blue);
    expect((await imageFolder(folder, quiet)).test.length).toBe(3);
  });

  test.each(["jpg", "JPEG", "png", "webp", "gif", "tiff", "avif"])("may hold .%s files", async (ending) => {
    const folder = await petFolder();
    await plain(join(folder, "train", "cat", `0.${ending.toLowerCase()}`), { r: 200, g: 100, b: 50 });
    if (ending === "JPEG") {
      const path = join(folder, "train", "cat", "0.jpeg");
      await writeFile(join(folder, "train", "cat", "0.JPEG"), await readFile(path));
      await rm(path);
    }
    const [train] = await pixelsOf(await imageFolder(folder, quiet));
    expect(train).toHaveLength(5 * 192);
    for (const [channel, value] of [200, 100, 50].entries()) {
      expect(Math.abs(train[channel * 64 + 30]! - value)).toBeLessThanOrEqual(4);
    }
  });

  test("may hold grey, 16-bit, transparent and turned images", async () => {
    const folder = await petFolder();
    const cats = join(folder, "train", "cat");
    const grey = sharp({ create: { width: 8, height: 8, channels: 3, background: "#808080" } });
    await grey.clone().toColourspace("b-w").jpeg().toFile(join(cats, "a-grey.jpg"));
    await grey.clone().toColourspace("rgb16").png().toFile(join(cats, "b-deep.png"));
    await plain(join(cats, "c-clear.png"), { ...red, alpha: 0 });
    const half = new Uint8Array(8 * 8 * 3).map((_, i) => (i % 24 < 12 ? 255 : 0)); // left half white
    await sharp(half, { raw: { width: 8, height: 8, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(join(cats, "d-turned.png"));
    const data = await imageFolder(folder, quiet);
    const cat = async (i: number): Promise<number[]> => [...(await data.train.read([i]))];
    // "1.png" and "2.png" sort before the letters.
    for (const at of [2, 3]) for (const value of await cat(at)) expect(Math.abs(value - 128)).toBeLessThanOrEqual(1);
    expect((await cat(4)).every((value) => value === 255)).toBe(true);
    const turned = await cat(5);
    expect([turned[0], turned[7], turned[56], turned[63]]).toEqual([255, 255, 0, 0]);
  });

  test("with images of several sizes is resized, short side first, then the centre cut out", async () => {
    const folder = await petFolder();
    const three = new Uint8Array(30 * 10 * 3).map((_, i) => (Math.floor(i / 30) % 3 === 1 ? 255 : 0)); // middle third white
    const path = join(folder, "train", "cat", "0.png");
    await sharp(three, { raw: { width: 30, height: 10, channels: 3 } }).toFile(path);
    const data = await imageFolder(folder, { ...quiet, resize: 5 });
    expect(data.image).toEqual({ height: 5, width: 5 });
    const pixels = await data.train.read([0]);
    expect(pixels[12]).toBeGreaterThan(250);
    expect(pixels.reduce((sum, v) => sum + v, 0) / pixels.length).toBeGreaterThan(200);
  });

  test("is resized alike from JPEG and from the same picture as PNG", async () => {
    const folder = await petFolder();
    const cats = join(folder, "train", "cat");
    await noisy(join(cats, "a.jpg"), 256);
    await sharp(join(cats, "a.jpg")).toFile(join(cats, "b.png"));
    const data = await imageFolder(folder, { ...quiet, resize: 100 });
    expect(await data.train.read([3])).toEqual(await data.train.read([2]));
  });

  test("may hold hidden and other files (noted) and links to folders", async () => {
    const folder = await petFolder();
    await writeFile(join(folder, "train", "cat", ".hidden.png"), "no image");
    await mkdir(join(folder, "train", ".cache"));
    await writeFile(join(folder, "train", "cat", "notes.txt"), "no image");
    await rm(join(folder, "test", "dog"), { recursive: true });
    await symlink(join(folder, "train", "dog"), join(folder, "test", "dog"));
    const notes: string[] = [];
    const done: number[] = [];
    const progress: Progress = {
      note: (line) => notes.push(line),
      task: (_, total) => ({ update: (n) => done.push(n / total), done: () => undefined }),
    };
    const data = await imageFolder(folder, { ...quiet, progress });
    expect([data.train.length, data.test.length]).toEqual([4, 3]);
    expect(notes).toEqual([expect.stringMatching(/^ignored 3 files or folders .*\.cache$/)]);
    expect(done).toHaveLength(7);
    expect(done.at(-1)).toBe(1);
  });
});

describe("a folder that cannot be used", () => {
  test("does not exist, or is a file", async () => {
    const folder = await temporaryFolder();
    expect((await failureOf(imageFolder(join(folder, "none"), quiet))).message).toContain("no such folder");
    await writeFile(join(folder, "file"), "");
    const failure = await failureOf(imageFolder(join(folder, "file"), quiet));
    expect(failure.message).toContain("is a file");
    expect(failure.code).toBe("DATA");
  });

  test("lacks a part", async () => {
    const folder = await temporaryFolder();
    expect((await failureOf(imageFolder(folder, quiet))).message).toContain("neither train/ nor test/ or val/");
    await mkdir(join(folder, "train"));
    expect((await failureOf(imageFolder(folder, quiet))).message).toContain("neither test/ nor val/; expected");
    await mkdir(join(folder, "val"));
    expect((await failureOf(imageFolder(folder, quiet))).message).toContain("no class folders");
    await rm(join(folder, "train"), { recursive: true });
    expect((await failureOf(imageFolder(folder, quiet))).message).toMatch(/has no train\/.*found "val"/);
  });

  test("has a class without images", async () => {
    const folder = await petFolder();
    await mkdir(join(folder, "train", "emu"));
    await writeFile(join(folder, "train", "emu", "readme.md"), "");
    const failure = await failureOf(imageFolder(folder, quiet));
    expect(failure.message).toContain('class "emu" has no image');
    expect(failure.code).toBe("DATA");
  });

  test("has different classes in train and test", async () => {
    const folder = await petFolder();
    await plain(join(folder, "train", "emu", "1.png"), red);
    await plain(join(folder, "test", "fox", "1.png"), red);
    const { message } = await failureOf(imageFolder(folder, quiet));
    expect(message).toMatch(/only \S*train has "emu"; only \S*test has "fox"/);
  });

  test("has images of unequal size: the first odd one is named, whatever the order of decoding", async () => {
    const folder = await petFolder();
    await plain(join(folder, "train", "dog", "3.png"), red, 9, 7);
    await plain(join(folder, "train", "dog", "4.png"), red, 6);
    const failure = await failureOf(imageFolder(folder, quiet));
    expect(failure.message).toMatch(/cat\/1\.png is 8x8, \S*dog\/3\.png is 9x7; .*--resize N/);
    expect(failure.code).toBe("DATA");
  });

  test("is asked for a size that is none", async () => {
    expect(await codeOf(imageFolder(await petFolder(), { ...quiet, resize: 0 }))).toBe("USAGE");
    expect(await codeOf(imageFolder(await petFolder(), { ...quiet, maxPixels: Number.NaN }))).toBe("USAGE");
  });

  test("is left when the user stops", async () => {
    const stopped = imageFolder(await petFolder(), { ...quiet, signal: AbortSignal.abort() });
    expect(await codeOf(stopped)).toBe("INTERRUPTED");
  });
});

describe("an unreadable image", () => {
  test.each(["jpg", "png", "webp", "tiff", "gif"])("cut in half as .%s is an error that names it", async (ending) => {
    const folder = await petFolder();
    const path = join(folder, "train", "dog", `broken.${ending}`);
    await noisy(path);
    await truncate(path);
    const failure = await failureOf(imageFolder(folder, { ...quiet, resize: 8 }));
    expect(failure.code).toBe("IMAGE");
    expect(failure.message).toContain(`broken.${ending}: cannot be read`);
    expect(failure.message).toContain("--skip-unreadable");
    expect(failure.message).not.toContain("\n");
  });

  test.each([
    ["an empty file", Buffer.alloc(0)],
    ["text", Buffer.from("this is no image")],
  ])("may be %s", async (_, content) => {
    const folder = await petFolder();
    await writeFile(join(folder, "test", "cat", "odd.jpg"), content);
    expect((await failureOf(imageFolder(folder, quiet))).message).toContain("odd.jpg: cannot be read");
  });

  test("is left out and counted on request, even when it comes first", async () => {
    const folder = await petFolder();
    await writeFile(join(folder, "train", "cat", "0.jpg"), "no image");
    await writeFile(join(folder, "train", "dog", "1b.png"), "no image");
    const data = await imageFolder(folder, skipping);
    expect(data.skipped.map(({ file }) => file)).toEqual([
      join(folder, "train", "cat", "0.jpg"),
      join(folder, "train", "dog", "1b.png"),
    ]);
    expect(data.skipped[0]!.reason).toMatch(/unsupported/i);
    expect([...data.train.labels]).toEqual([0, 0, 1, 1]);
    const [train] = await pixelsOf(data);
    const clean = await pixelsOf(await imageFolder(await petFolder(), quiet));
    expect(train).toEqual(clean[0]);
  });

  test("is an error still when its class has no other", async () => {
    const folder = await petFolder();
    await writeFile(join(folder, "test", "dog", "1.png"), "no image");
    expect((await failureOf(imageFolder(folder, skipping))).message).toContain(
      'class "dog" has no readable image left',
    );
    for (const file of ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]) {
      await writeFile(join(folder, "train", file), "no image");
    }
    expect((await failureOf(imageFolder(folder, skipping))).message).toContain("none of the 4 training images");
  });
});
