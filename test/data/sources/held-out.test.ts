import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.ts";
import { imageFolder } from "../../../src/data/sources/image-folder.ts";
import { openDataset } from "../../../src/library/open-dataset.ts";
import { sha256 } from "../../../src/support/files.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { commandLine } from "../../cli/world.ts";
import { failureOf, pixelsOf, temporaryFolder } from "../fixtures.ts";

/** A folder of class folders, each image of a colour of its own. */
const photos = async (counts: Readonly<Record<string, number>>): Promise<string> => {
  const folder = await temporaryFolder();
  for (const [c, [name, count]] of Object.entries(counts).entries()) {
    await mkdir(join(folder, name));
    for (let i = 0; i < count; i++) {
      await sharp({ create: { width: 4, height: 4, channels: 3, background: { r: 10 * i, g: 60 * c, b: 90 } } })
        .png()
        .toFile(join(folder, name, `${i}.png`));
    }
  }
  return folder;
};

const open = (folder: string, fraction?: number, seed = 0, notes: string[] = []): Promise<Dataset> =>
  imageFolder(folder, {
    skipUnreadable: false,
    progress: { ...silent, note: (line) => notes.push(line) },
    ...(fraction !== undefined && { held: { fraction, seed } }),
  });

const digests = async (data: Dataset): Promise<string[]> => (await pixelsOf(data)).map((pixels) => sha256(pixels));
const counts = ({ labels }: Dataset["test"]): number[] => [0, 1, 2].map((c) => labels.filter((l) => l === c).length);

describe("test images held out of class folders", () => {
  it("are a fraction of every class, at least one and never all, the same for one seed", async () => {
    const folder = await photos({ apple: 10, "blue fig": 5, cherry: 2 });
    const notes: string[] = [];
    const data = await open(folder, 0.3, 0, notes);
    expect(data.classes).toEqual(["apple", "blue fig", "cherry"]);
    expect([counts(data.train), counts(data.test)]).toEqual([
      [7, 3, 1],
      [3, 2, 1],
    ]);
    expect(notes).toEqual([`6 of 17 images of ${folder} are held out as test images`]);
    // Each image stands on one side.
    const [train, test] = await pixelsOf(data);
    const images = [...train, ...test].length / 48;
    const all = new Set(
      Array.from({ length: images }, (_, i) => [...train, ...test].slice(48 * i, 48 * i + 48).join()),
    );
    expect(all.size).toBe(17);
    expect(await digests(await open(folder, 0.3))).toEqual(await digests(data));
    expect(await digests(await open(folder, 0.3, 1))).not.toEqual(await digests(data));
    expect(counts((await open(folder, 0.01)).test)).toEqual([1, 1, 1]);
    expect(counts((await open(folder, 0.9)).train)).toEqual([1, 1, 1]);
  });

  it.each([0, 1, 20, -0.1, Number.NaN])("are no fraction of %d", async (fraction) => {
    const folder = await photos({ apple: 2, cherry: 2 });
    await expect(openDataset(folder, { test: fraction })).rejects.toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: `--test: ${fraction} given, expected a fraction above 0 and below 1`,
      }),
    );
  });

  it("are held out of train/ where that stands alone, and of nothing that has test images", async () => {
    const folder = await photos({ a: 4, b: 4 });
    await mkdir(join(folder, "train"));
    for (const name of ["a", "b"]) await rename(join(folder, name), join(folder, "train", name));
    expect((await open(folder, 0.5)).test.length).toBe(4);
    expect((await failureOf(open(folder))).message).toMatch(
      /has neither test\/ nor val\/; .*; to hold a fifth of train\/ out as test images, add --test 0\.2$/,
    );
    await mkdir(join(folder, "val"));
    expect(await failureOf(open(folder, 0.5))).toMatchObject({
      code: "USAGE",
      message: `${folder}: has test images of its own, in test/ or val/; leave --test out, or give a folder without them`,
    });
  });

  it("are asked for with the line to type, and need two images of a class", async () => {
    const folder = await photos({ a: 4, b: 1 });
    expect((await failureOf(open(folder))).message).toMatch(
      /has neither train\/ nor test\/ or val\/; .*found "a", "b"; to hold a fifth of these out as test images, add --test 0\.2$/,
    );
    expect((await failureOf(open(folder, 0.2))).message).toContain('class "b" has one image, so that none can be held');
    await rm(join(folder, "b"), { recursive: true });
    expect((await failureOf(open(folder, 0.2))).message).toContain('has one class only, "a"');
  });

  it("are counted by `data`, and refused where they mean nothing", async () => {
    const folder = await photos({ a: 10, b: 5 });
    const ran = await commandLine(["data", folder, "--test", "0.2", "--seed", "3", "--json"]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ train: 12, test: 3, classes: [{ test: 2 }, { test: 1 }] });
    for (const [line, message] of [
      [["data", "demo", "--test", "0.2"], "--test is for image folders, not for demo; leave it out"],
      [["run", "--data", "demo", "--test", "0.2"], "test is for image folders, not for demo; leave it out"],
      [["run", "--data", folder, "--test", "1"], "--test: expected a number above 0, up to 0.9, got 1"],
      [["data", folder, "--seed", "3"], "--seed is for demo, not for a folder"],
    ] as const) {
      expect((await commandLine(line)).stderr).toContain(message);
    }
  });
});
