import { cp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { fileList, folderFiles } from "../../src/data/files/file-list.ts";
import { imageFolder, type Limits } from "../../src/data/sources/image-folder.ts";
import { silent } from "../../src/support/work/progress.ts";
import { failureOf, pixelsOf, temporaryFolder } from "./fixtures.ts";
import { writeGrey } from "./published-layouts.ts";

const quiet = { skipUnreadable: false, progress: silent } as const;

/** Six training images and four test images, 8x8: 1920 bytes of pixels. */
const folderOfTen = async (): Promise<string> => {
  const folder = await temporaryFolder();
  for (const [i, name] of ["bird", "cow"].entries()) {
    for (let k = 0; k < 3; k++) await writeGrey(join(folder, "train", name, `${k}.jpg`), 20 * (3 * i + k));
    for (let k = 0; k < 2; k++) await writeGrey(join(folder, "test", name, `${k}.jpg`), 20 * (2 * i + k) + 7);
  }
  return folder;
};

const limits = { small: 0, keep: 0, whole: 2 ** 30, sample: 2 } as const;
const reaches: Record<string, Limits> = {
  small: { ...limits, small: 2 ** 30 },
  kept: { ...limits, keep: 2 ** 30 },
  whole: limits,
  sampled: { ...limits, whole: 0 },
};

const open = (folder: string, reach: string, skipUnreadable = false) =>
  imageFolder(folder, { ...quiet, skipUnreadable }, reaches[reach]);

const digestsOf = async (folder: string, reach: string): Promise<(string | undefined)[]> => {
  const { train, test } = await open(folder, reach);
  return [train.digest, test.digest];
};

describe("names of files", () => {
  test("are kept in order, over several folders and in any script", () => {
    const list = fileList([
      folderFiles("a", ["1.jpg", "Größe.png", "猫.png"]),
      folderFiles("b", []),
      folderFiles("b", ["", "x"]),
      folderFiles("a", ["2.jpg"]),
    ]);
    expect(list.length).toBe(6);
    const names = Array.from({ length: 6 }, (_, i) => list.name(i));
    expect(names).toEqual(["1.jpg", "Größe.png", "猫.png", "", "x", "2.jpg"]);
    expect([list.path(1), list.path(4), list.path(5)]).toEqual([
      join("a", "Größe.png"),
      join("b", "x"),
      join("a", "2.jpg"),
    ]);
    expect(() => list.name(6)).toThrow("outside");
    expect(fileList([]).length).toBe(0);
  });
});

describe("images that are decoded when asked for", () => {
  test("are those that would be kept, in any order", async () => {
    const folder = await folderOfTen();
    const [kept, lazy, sampled] = [
      await open(folder, "kept"),
      await open(folder, "whole"),
      await open(folder, "sampled"),
    ];
    expect(await pixelsOf(lazy)).toEqual(await pixelsOf(kept));
    expect(await pixelsOf(sampled)).toEqual(await pixelsOf(kept));
    expect(await lazy.train.read([5, 0, 5])).toEqual(await kept.train.read([5, 0, 5]));
    expect(lazy.train.labels).toEqual(kept.train.labels);
    expect(lazy.normalisation).toEqual(kept.normalisation);
    // Of the training images the first and the fourth: levels 0 and 60.
    expect(sampled.normalisation.mean[0]).toBeCloseTo(30 / 255, 10);
  });

  test("are named when they are gone or have another size by then", async () => {
    const folder = await folderOfTen();
    const { train } = await open(folder, "whole");
    await rm(join(folder, "train", "bird", "1.jpg"));
    await writeGrey(join(folder, "train", "bird", "2.jpg"), 9, 16);
    const gone = await failureOf(train.read([0, 1]));
    expect([gone.code, gone.message]).toEqual(["IMAGE", expect.stringContaining("1.jpg: cannot be read (ENOENT")]);
    expect((await failureOf(train.read([2]))).message).toMatch(/0\.jpg is 8x8, \S*2\.jpg is 16x16/);
  });

  test("are left out if they were unreadable at the start, also of a set that is else only sampled", async () => {
    const folder = await folderOfTen();
    await writeFile(join(folder, "train", "bird", "1.jpg"), "no image");
    expect((await failureOf(open(folder, "whole"))).code).toBe("IMAGE");
    for (const reach of ["small", "kept", "whole", "sampled"]) {
      const data = await open(folder, reach, true);
      expect([...data.train.labels]).toEqual([0, 0, 1, 1, 1]);
      expect(data.skipped.map(({ file }) => file)).toEqual([join(folder, "train", "bird", "1.jpg")]);
      expect([...(await data.train.read([0, 1, 2]))].filter((_, i) => i % 192 === 0)).toEqual([0, 40, 60]);
    }
  });

  test("are not looked at when a set is sampled", async () => {
    const folder = await folderOfTen();
    await writeFile(join(folder, "train", "bird", "1.jpg"), "no image");
    const { train } = await open(folder, "sampled");
    expect((await failureOf(train.read([1]))).message).toContain("1.jpg: cannot be read");
  });

  test("report every file read, and every size taken", async () => {
    const seen: number[] = [];
    const task = (_: string, total: number) => ({
      update: (n: number) => void seen.push(n / total),
      done: () => undefined,
    });
    await imageFolder(await folderOfTen(), { ...quiet, progress: { ...silent, task } }, reaches.sampled);
    // Two files of each part, then the sizes of all ten.
    expect(seen).toHaveLength(14);
    expect(seen.at(-1)).toBe(1);
  });
});

describe("the digest of a split", () => {
  test("is left to the pixels where these are few, and does not depend on whether they are kept", async () => {
    const folder = await folderOfTen();
    expect(await digestsOf(folder, "small")).toEqual([undefined, undefined]);
    const kept = await digestsOf(folder, "kept");
    expect(kept).toEqual(await digestsOf(folder, "whole"));
    expect(new Set([...kept, ...(await digestsOf(folder, "sampled"))]).size).toBe(4);
    for (const digest of kept) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each(["whole", "sampled"])("does not depend on place and time of the files: %s", async (reach) => {
    const folder = await folderOfTen();
    const other = await temporaryFolder();
    await cp(folder, other, { recursive: true });
    await utimes(join(other, "train", "cow", "1.jpg"), 1, 1);
    expect(await digestsOf(other, reach)).toEqual(await digestsOf(folder, reach));
  });

  test("of all files changes with any byte of one, its class and its place", async () => {
    const folder = await folderOfTen();
    const before = await digestsOf(folder, "whole");
    await rename(join(folder, "train", "cow", "0.jpg"), join(folder, "train", "bird", "3.jpg"));
    const moved = await digestsOf(folder, "whole");
    expect(moved[0]).not.toBe(before[0]);
    expect(moved[1]).toBe(before[1]);
    await sharp(await sharp(join(folder, "test", "cow", "1.jpg")).toBuffer())
      .modulate({ brightness: 0.5 })
      .toFile(join(folder, "test", "cow", "1.jpg"));
    expect((await digestsOf(folder, "whole"))[1]).not.toBe(before[1]);
  });

  test("of a sample changes with names and sizes of all files, and with the bytes of the sample", async () => {
    const folder = await folderOfTen();
    const before = await digestsOf(folder, "sampled");
    await rename(join(folder, "train", "cow", "2.jpg"), join(folder, "train", "cow", "3.jpg"));
    const renamed = await digestsOf(folder, "sampled");
    expect(renamed[0]).not.toBe(before[0]);
    await writeFile(join(folder, "train", "cow", "3.jpg"), "no image, and of another size");
    expect((await digestsOf(folder, "sampled"))[0]).not.toBe(renamed[0]);
    await writeGrey(join(folder, "test", "bird", "0.jpg"), 99);
    expect((await digestsOf(folder, "sampled"))[1]).not.toBe(before[1]);
  });
});
