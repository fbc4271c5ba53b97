import { execFileSync } from "node:child_process";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { imageFolder } from "../../src/data/sources/image-folder.ts";
import { silent } from "../../src/support/work/progress.ts";
import { failureOf, temporaryFolder } from "./fixtures.ts";
import { writeGrey } from "./published-layouts.ts";

const quiet = { skipUnreadable: false, progress: silent } as const;
const notesOf = async (folder: string): Promise<string[]> => {
  const notes: string[] = [];
  await imageFolder(folder, { ...quiet, progress: { ...silent, note: (line) => notes.push(line) } });
  return notes;
};
const messageOf = async (folder: string, options = {}): Promise<string> => {
  const { code, message } = await failureOf(imageFolder(folder, { ...quiet, ...options }));
  expect(["DATA", "IMAGE"]).toContain(code);
  return message;
};

/** Classes of two training images and one test image each, all of another grey. */
const folderOf = async (classes: readonly string[] = ["cat", "dog"], test = "test"): Promise<string> => {
  const folder = await temporaryFolder();
  for (const [i, name] of classes.entries()) {
    for (const k of [0, 1]) await writeGrey(join(folder, "train", name, `${k}.jpg`), 40 * i + 20 * k + 5);
    await writeGrey(join(folder, test, name, "0.jpg"), 40 * i + 10);
  }
  return folder;
};

describe("class folders", () => {
  test("are read to any depth, in the order of torchvision: by folders' paths, then by names", async () => {
    const folder = await folderOf();
    const cat = join(folder, "train", "cat");
    await writeGrey(join(cat, "b", "0.jpg"), 101);
    await writeGrey(join(cat, "b", "c", "0.jpg"), 102);
    await writeGrey(join(cat, "b-a", "0.jpg"), 103);
    await writeGrey(join(cat, "a.png", "0.jpg"), 104);
    await rm(join(folder, "test", "dog", "0.jpg"));
    await writeGrey(join(folder, "test", "dog", "deep", "er", "0.jpg"), 105);
    const { train, test, ignored } = await imageFolder(folder, quiet);
    expect([...train.labels]).toEqual([0, 0, 0, 0, 0, 0, 1, 1]);
    const levels = [...(await train.read([0, 1, 2, 3, 4, 5]))].filter((_, i) => i % 192 === 0);
    expect(levels).toEqual([5, 25, 104, 101, 103, 102]);
    expect([test.length, ignored]).toEqual([2, 0]);
  });

  test("are ordered by code points", async () => {
    const folder = await folderOf(["\u{20bb7}", "\uff76", "z"]);
    const { classes } = await imageFolder(folder, quiet);
    expect(classes).toEqual(["z", "\uff76", "\u{20bb7}"]);
  });

  // The file systems of macOS take both forms for one name.
  test.skipIf(process.platform === "darwin")("of two Unicode forms are one class", async () => {
    const folder = await folderOf(["caf\u00e9", "cafz"]);
    await rename(join(folder, "test", "caf\u00e9"), join(folder, "test", "cafe\u0301"));
    const { classes, test: tests } = await imageFolder(folder, quiet);
    // Of the test images the decomposed form comes first; their labels are those of training.
    expect(classes).toEqual(["cafz", "caf\u00e9"]);
    expect([...tests.labels]).toEqual([1, 0]);
    expect((await tests.read([0]))[0]).toBe(10);
    await writeGrey(join(folder, "train", "cafe\u0301", "0.jpg"), 1);
    expect(await messageOf(folder)).toContain('two folders "caf\u00e9" whose names differ only in their Unicode form');
  });

  test.skipIf(process.platform !== "linux").each(["train/caf\\351", "train/cat/\\351t\\351.jpg", "test/dog/sub\\377"])(
    "and files whose names are not UTF-8 are an error: %s",
    async (name) => {
      const folder = await folderOf();
      execFileSync("sh", ["-c", `mkdir "$(printf '${name}')"`], { cwd: folder });
      const message = await messageOf(folder);
      expect(message).toMatch(/: holds a folder ".*\\x(e9|ff).*", whose name is not UTF-8; rename it/);
      expect(message).toContain(join(folder, name.slice(0, name.lastIndexOf("/"))));
    },
  );

  test("that are one only are none to classify by", async () => {
    expect(await messageOf(await folderOf(["cat"]))).toContain('has one class only, "cat"; a classifier needs two');
  });

  test("without images say which files are there", async () => {
    const folder = await folderOf();
    await mkdir(join(folder, "train", "emu", "x"), { recursive: true });
    for (const name of ["x/0.npy", "1.npy", "README"]) await writeFile(join(folder, "train", "emu", name), "");
    expect(await messageOf(folder)).toMatch(
      /class "emu" has no image in its folder \(found 3 other files: .npy, no ending\); add some as .jpg/,
    );
  });
});

describe("what is passed over", () => {
  test("is counted: other files, hidden ones, files beside the classes; not what systems leave", async () => {
    const folder = await folderOf();
    for (const name of ["notes.txt", "cat/notes.txt", "cat/.hidden.jpg", "cat/.DS_Store", "dog/._0.jpg"]) {
      await writeFile(join(folder, "train", name), "");
    }
    await mkdir(join(folder, "test", ".cache"));
    expect((await imageFolder(folder, quiet)).ignored).toBe(4);
    expect(await notesOf(folder)).toEqual([
      `ignored 4 files or folders that are no image of a class, e.g. ${join(folder, "train", "cat", ".hidden.jpg")}`,
    ]);
  });
});

describe("links", () => {
  test("to folders are followed, at any depth", async () => {
    const folder = await folderOf();
    await writeGrey(join(folder, "elsewhere", "7.jpg"), 99);
    await symlink(join(folder, "elsewhere"), join(folder, "train", "cat", "more"));
    expect((await imageFolder(folder, quiet)).train.length).toBe(5);
  });

  test("that lead nowhere are named: to a class, in a class, to an image", async () => {
    const nowhere = /is a link to nowhere, which cannot be reached \(ENOENT.*\); mend or remove the link/;
    for (const link of ["train/emu", "train/cat/more", "test"]) {
      const folder = await folderOf();
      if (link === "test") await rm(join(folder, "test"), { recursive: true });
      await symlink("nowhere", join(folder, link));
      const message = await messageOf(folder);
      expect(message).toMatch(nowhere);
      expect(message).toContain(join(folder, link));
    }
    const folder = await folderOf();
    await symlink("nowhere", join(folder, "train", "cat", "9.jpg"));
    expect(await messageOf(folder)).toMatch(
      /9\.jpg: cannot be read \(ENOENT: it is gone, or a link that leads nowhere/,
    );
    const { skipped } = await imageFolder(folder, { ...quiet, skipUnreadable: true });
    expect(skipped.map(({ file }) => file)).toEqual([join(folder, "train", "cat", "9.jpg")]);
  });

  test("in a circle are refused", async () => {
    const folder = await folderOf();
    await symlink("..", join(folder, "train", "cat", "up"));
    expect(await messageOf(folder)).toMatch(/up\S*: is a link to a folder that it lies in/);
    await rm(join(folder, "train", "cat", "up"));
    await symlink("self", join(folder, "train", "cat", "self"));
    expect(await messageOf(folder)).toMatch(/self: is a link to self, which cannot be reached \(ELOOP/);
  });
});

describe("what lies in place of an image", () => {
  test.skipIf(process.platform === "win32")("a pipe or a device is not read", async () => {
    const folder = await folderOf();
    execFileSync("mkfifo", [join(folder, "train", "cat", "9.png")]);
    expect(await messageOf(folder)).toMatch(/9\.png: cannot be read \(is a pipe, a socket or a device/);
    await rm(join(folder, "train", "cat", "9.png"));
    await symlink("/dev/zero", join(folder, "train", "cat", "9.png"));
    expect(await messageOf(folder)).toMatch(/9\.png: cannot be read \(is a pipe, a socket or a device/);
  });

  test("a file that is not readable says why and what to do, also where all are skipped", async () => {
    const folder = await folderOf();
    for (const name of ["cat/0.jpg", "cat/1.jpg"]) {
      await writeFile(join(folder, "train", name), "version https://git-lfs.github.com/spec/v1\noid");
    }
    const reason = "it is a Git-LFS pointer; fetch the file itself with `git lfs pull`";
    expect(await messageOf(folder)).toMatch(
      /0\.jpg: cannot be read \(it is a Git-LFS.*\); put the image in its place, or leave such files out/,
    );
    expect(await messageOf(folder, { skipUnreadable: true })).toContain(`its reason: ${reason}`);
    for (const name of ["dog/0.jpg", "dog/1.jpg"]) await writeFile(join(folder, "train", name), "");
    expect(await messageOf(folder, { skipUnreadable: true })).toMatch(
      /none of the 4 training images can be read; the first, \S*cat\/0\.jpg: it is a Git-LFS pointer/,
    );
  });
});

describe("images as a whole", () => {
  const clear = async (path: string, level: number): Promise<void> => {
    const background = { r: 255, g: 255, b: 255, alpha: level };
    await sharp({ create: { width: 8, height: 8, channels: 4, background } }).toFile(path);
  };

  test("that are all white when transparency is laid over white are refused", async () => {
    const folder = await folderOf();
    for (const [i, name] of [
      "train/cat/0",
      "train/cat/1",
      "train/dog/0",
      "train/dog/1",
      "test/cat/0",
      "test/dog/0",
    ].entries()) {
      await rm(join(folder, `${name}.jpg`));
      await clear(join(folder, `${name}.png`), i / 5);
    }
    expect(await messageOf(folder)).toMatch(
      /6 of 6 images are of one colour throughout, white or black .*give figures and ground/,
    );
    await writeGrey(join(folder, "train", "cat", "2.jpg"), 99);
    expect(await notesOf(folder)).toEqual([
      `6 of 7 images are of one colour throughout, white or black (transparency is laid over white), e.g. ${join(folder, "train", "cat", "0.png")}`,
    ]);
  });

  test("that are all equal are noted", async () => {
    const folder = await folderOf();
    for (const name of ["cat/0", "cat/1", "dog/0", "dog/1"]) await writeGrey(join(folder, "train", `${name}.jpg`), 50);
    expect(await notesOf(folder)).toEqual([expect.stringMatching(/^all 4 training images have the same pixels/)]);
  });
});

describe("other layouts", () => {
  test("a flat test/ beside val/ gives way to it, and of two the other is spoken of", async () => {
    const folder = await folderOf(["cat", "dog"], "val");
    await writeGrey(join(folder, "test", "0.jpg"), 1);
    expect((await imageFolder(folder, quiet)).test.length).toBe(2);
    await mkdir(join(folder, "test", "unknown"));
    expect(await notesOf(folder)).toEqual([expect.stringMatching(/test has no class of \S*train .* those of \S*val$/)]);
    await rm(join(folder, "test", "unknown"), { recursive: true });
    for (const name of ["cat", "dog"]) await writeGrey(join(folder, "test", name, "1.jpg"), 1);
    expect(await notesOf(folder)).toEqual([
      expect.stringMatching(/^ignored 1 file .*test.0\.jpg$/),
      expect.stringMatching(/val is not read: the test images are those of \S*test$/),
    ]);
  });

  test("one folder further down is named", async () => {
    const folder = await temporaryFolder();
    await rename(await folderOf(), join(folder, "photos"));
    await mkdir(join(folder, "docs"));
    expect(await messageOf(folder)).toBe(
      `${folder}: has no train/ itself, but photos/ has; give --data ${join(folder, "photos")}`,
    );
  });

  const archive = gzipSync("photos");
  test.each<[string, string | Buffer, RegExp]>([
    ["photos.zip", "PK\x03\x04", /photos\.zip: is a zip archive, not a folder of images; unpack it/],
    ["photos", "PK\x03\x04", /photos: is a zip archive/],
    ["photos.tar.gz", archive, /photos\.tar\.gz: is a gzip archive/],
    ["photos.parquet", "PAR1", /is a Parquet file, not a folder/],
    ["photos.npz", "PK\x03\x04", /is a NumPy file, not a folder/],
    ["photos.zip", "<!DOCTYPE html>", /photos\.zip: is an HTML page/],
    ["cifar-100-binary.tar.gz", archive, /is CIFAR-100's archive; give --data cifar100 --archive \S*binary\.tar\.gz$/],
    ["photo.jpg", "\xff\xd8", /photo\.jpg: is a file, not a folder of images/],
  ])("%s, a file, is told what it is", async (name, content, message) => {
    const path = join(await temporaryFolder(), name);
    await writeFile(path, content);
    expect(await messageOf(path)).toMatch(message);
  });

  const ten = ["batches.meta.txt", "test_batch.bin", ...[1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`)];
  test.each<[string, readonly string[], RegExp]>([
    ["CIFAR-10", ten, /holds CIFAR-10 in its binary version; give --data cifar10 --archive \S+$/],
    [
      "CIFAR-10 one folder down",
      ten.map((name) => `cifar-10-batches-bin/${name}`),
      /has cifar-10-batches-bin\/, which holds CIFAR-10 .* --archive \S*cifar-10-batches-bin$/,
    ],
    [
      "CIFAR-100",
      ["fine_label_names.txt", "train.bin", "test.bin"],
      /holds CIFAR-100 in its binary version; give --data cifar100 --archive/,
    ],
    ["CIFAR-10 for Python", ["data_batch_1", "batches.meta"], /CIFAR-10 in another version .* --data cifar10$/],
    ["CIFAR-10 for MATLAB", ["data_batch_1.mat"], /CIFAR-10 in another version/],
    ["CIFAR-100 for Python", ["train", "test", "meta"], /CIFAR-100 in another version .* --data cifar100$/],
    ["MNIST", ["train-images-idx3-ubyte.gz"], /holds train-images-idx3-ubyte\.gz in the format of MNIST/],
    ["an archive", ["photos.tar.gz"], /holds the archive photos\.tar\.gz; unpack it there/],
  ])("%s in a folder is told what it is", async (_, files, message) => {
    const folder = await temporaryFolder();
    for (const file of files) {
      await mkdir(join(folder, file, ".."), { recursive: true });
      await writeFile(join(folder, file), "");
    }
    expect(await messageOf(folder)).toMatch(message);
  });
});
