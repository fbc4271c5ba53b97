import { execFileSync } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { imageFolder } from "../../../src/data/sources/image-folder.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { failureOf, readAll } from "../fixtures.ts";
import { fish, frog, tinyImageNetFolder, writeGrey, writeText } from "../published-layouts.ts";

const quiet = { skipUnreadable: false, progress: silent } as const;

const messageOf = async (folder: string): Promise<string> => {
  const { code, message } = await failureOf(imageFolder(folder, quiet));
  expect(code).toBe("DATA");
  return message;
};

/** First pixel of every image: its grey level. */
const levels = (pixels: Uint8Array): number[] => [...pixels].filter((_, i) => i % 192 === 0);

describe("Tiny-ImageNet's layout", () => {
  test("is read with sorted identifiers as classes, words beside, and val/ as test images", async () => {
    const notes: string[] = [];
    const progress = { ...silent, note: (line: string) => void notes.push(line) };
    const data = await imageFolder(await tinyImageNetFolder(), { ...quiet, progress });
    expect(data.classes).toEqual([fish, frog]);
    // words.txt says nothing of frogs here.
    expect(data.words).toEqual(["goldfish, Carassius auratus", frog]);
    expect(data.image).toEqual({ height: 8, width: 8 });
    expect([...data.train.labels]).toEqual([0, 0, 1, 1]);
    expect([...data.test.labels]).toEqual([0, 1, 1]);
    const [train, test] = [await readAll(data.train), await readAll(data.test)];
    expect(levels(train)).toEqual([10, 11, 100, 101]);
    expect(levels(test)).toEqual([15, 110, 112]);
    expect(notes).toEqual([]);
  });

  test("can be resized, lack words.txt and have lines that end as on Windows", async () => {
    const folder = await tinyImageNetFolder();
    await rm(join(folder, "words.txt"));
    await writeFile(join(folder, "wnids.txt"), `${fish}\r\n${frog}\r\n`);
    const data = await imageFolder(folder, { ...quiet, resize: 4 });
    expect(data.words).toBeUndefined();
    expect(data.image).toEqual({ height: 4, width: 4 });
  });

  test("may have val/ sorted into class folders", async () => {
    const folder = await tinyImageNetFolder();
    for (const [wnid, i] of [[fish, 0] as const, [frog, 1] as const]) {
      await mkdir(join(folder, "val", wnid));
      await rename(join(folder, "val", "images", `val_${i}.JPEG`), join(folder, "val", wnid, `val_${i}.JPEG`));
    }
    await rm(join(folder, "val", "images"), { recursive: true });
    expect([...(await imageFolder(folder, quiet)).test.labels]).toEqual([0, 1]);
    await rm(join(folder, "val", frog), { recursive: true });
    expect(await messageOf(folder)).toContain(`only ${join(folder, "train")} has "${frog}"`);
  });

  test.each([
    [
      "val/val_annotations.txt",
      /has val\/images\/ and so looks like Tiny-ImageNet, but lacks val\/val_annotations\.txt \(/,
    ],
    ["wnids.txt", /has val\/val_annotations\.txt .* lacks wnids\.txt \(the classes\); unpack http:\/\/cs231n/],
    ["train", /has wnids\.txt .* lacks train \(train\/<wnid>\/images\/\*\.JPEG\)/],
    ["val", /has wnids\.txt .* lacks val \(the validation images\)/],
    ["val/images", /has wnids\.txt .* lacks val\/images \(/],
  ])("without %s says so", async (part, message) => {
    const folder = await tinyImageNetFolder();
    await rm(join(folder, part), { recursive: true });
    expect(await messageOf(folder)).toMatch(message);
  });

  test("with lists that disagree names the classes", async () => {
    const folder = await tinyImageNetFolder();
    await writeText(join(folder, "wnids.txt"), fish, "n99999999");
    expect(await messageOf(folder)).toContain(`only wnids.txt has "n99999999"; only train/ has "${frog}"`);
  });

  test.each([
    [
      `val_0.JPEG\tn99999999\t0`,
      /val_annotations\.txt, line 1: gives val_0\.JPEG the class "n99999999", which is none of the 2/,
    ],
    [`val_9.JPEG\t${fish}`, /line 1: names val_9\.JPEG, which is not in \S+images;/],
    [`val_0.JPEG\t${fish}\nval_0.JPEG\t${frog}`, /line 2: names val_0\.JPEG a second time/],
    [`val_0.JPEG ${fish}`, /line 1: expected a file name, a tab and a class/],
    [`val_0.JPEG\t${fish}`, new RegExp(`class "${frog}" has no image there`)],
    [`val_8.JPEG\t${fish}\nval_9.JPEG\t${fish}`, /names val_8.* \(and 1 more such files\)/],
  ])("with annotations %j is refused", async (text, message) => {
    const folder = await tinyImageNetFolder();
    await writeText(join(folder, "val", "val_annotations.txt"), text);
    expect(await messageOf(folder)).toMatch(message);
  });

  test("with lists in UTF-16 is read by their byte order marks", async () => {
    const folder = await tinyImageNetFolder();
    for (const list of ["wnids.txt", "words.txt", "val/val_annotations.txt"]) {
      const file = join(folder, list);
      await writeFile(file, Buffer.from(`\ufeff${await readFile(file, "utf8")}`, "utf16le"));
    }
    const data = await imageFolder(folder, quiet);
    expect(data.words).toEqual(["goldfish, Carassius auratus", frog]);
    expect([...data.test.labels]).toEqual([0, 1, 1]);
  });

  test.each(["wnids.txt", "words.txt", "val/val_annotations.txt"])(
    "with no text in %s names the byte",
    async (list) => {
      const folder = await tinyImageNetFolder();
      const file = join(folder, list);
      await writeFile(file, Buffer.from(`${fish}\tCr\u00eape\n`, "latin1"));
      expect(await messageOf(folder)).toBe(
        `${file}: cannot be read (is not UTF-8 at byte offset 12, line 1; save it as UTF-8)`,
      );
      await rm(file);
      await mkdir(file);
      expect(await messageOf(folder)).toBe(`${file}: cannot be read (is a folder, not a file)`);
    },
  );

  test("with images that the annotations leave out notes them", async () => {
    const folder = await tinyImageNetFolder();
    await writeGrey(join(folder, "val", "images", "val_7.JPEG"), 1);
    const notes: string[] = [];
    await imageFolder(folder, { ...quiet, progress: { ...silent, note: (line) => void notes.push(line) } });
    expect(notes).toEqual([expect.stringMatching(/^ignored 1 file .*val_7\.JPEG$/)]);
  });
});

test.skipIf(process.platform === "win32")("a pipe in place of a list is not waited for", async () => {
  const folder = await tinyImageNetFolder();
  await rm(join(folder, "wnids.txt"));
  execFileSync("mkfifo", [join(folder, "wnids.txt")]);
  expect((await failureOf(imageFolder(folder, quiet))).message).toMatch(/wnids\.txt: cannot be read \(is a pipe/);
});
