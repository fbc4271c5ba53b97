import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "tar";
import { expect, test } from "vitest";
import { cifar } from "../../../../src/data/sources/cifar/cifar.ts";
import { type CifarLayout, cifarLayouts, parseCifar } from "../../../../src/data/sources/cifar/cifar-records.ts";
import { silent } from "../../../../src/support/work/progress.ts";
import { failureOf, temporaryFolder } from "../../fixtures.ts";

/** Records whose labels run through the classes and whose pixels tell file, record and channel. */
const recordsOf = (layout: CifarLayout, count: number, file: number): Uint8Array => {
  const record = layout.labelBytes + 3072;
  const bytes = new Uint8Array(count * record);
  for (let i = 0; i < count; i++) {
    bytes.fill(255, i * record, i * record + layout.labelBytes - 1); // the coarse label, which nothing may mistake for the fine one
    bytes[i * record + layout.labelBytes - 1] = i % layout.classes;
    for (let c = 0; c < 3; c++) {
      const from = i * record + layout.labelBytes + c * 1024;
      bytes.fill((file * 50 + i * 3 + c) & 255, from, from + 1024);
    }
  }
  return bytes;
};

const filesOf = (layout: CifarLayout, count: number): Map<string, Uint8Array> => {
  const names = Array.from({ length: layout.classes }, (_, i) => `kind_${i}`);
  const files = new Map<string, Uint8Array>([[layout.classFile, Buffer.from(`${names.join("\n")}\n\n`)]]);
  for (const [at, name] of [...layout.trainFiles, ...layout.testFiles].entries()) {
    files.set(name, recordsOf(layout, count, at));
  }
  return files;
};

const write = async (folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
};

/** A small archive laid out like the publisher's. */
const archiveOf = async (files: ReadonlyMap<string, Uint8Array>): Promise<string> => {
  const folder = await temporaryFolder();
  await write(join(folder, "cifar-batches-bin"), files);
  const file = join(folder, "archive.tar.gz");
  await create({ gzip: true, file, cwd: folder }, ["cifar-batches-bin"]);
  return file;
};

const offline = { cache: "/nowhere", download: false, progress: silent } as const;

test.each(["cifar10", "cifar100"] as const)("the records of %s become labelled images", async (name) => {
  const layout = cifarLayouts[name];
  const { classes, train, test: held } = parseCifar(layout, filesOf(layout, 12), "here");
  expect(classes).toHaveLength(layout.classes);
  expect(classes[3]).toBe("kind_3");
  expect(train.length).toBe(12 * layout.trainFiles.length);
  expect(held.length).toBe(12);
  expect([...train.labels.subarray(0, 12)]).toEqual(Array.from({ length: 12 }, (_, i) => i % layout.classes));
  const last = train.length - 1;
  const pixels = await train.read([last, 0]);
  expect(pixels).toHaveLength(2 * 3072);
  expect([pixels[0], pixels[1024], pixels[3071]]).toEqual(
    [0, 1, 2].map((c) => ((layout.trainFiles.length - 1) * 50 + 33 + c) & 255),
  );
  expect([pixels[3072], pixels[3072 + 1024], pixels[6143]]).toEqual([0, 1, 2]);
});

const full = (layout: CifarLayout): Map<string, Uint8Array> => {
  const files = filesOf(layout, 1);
  const record = layout.labelBytes + 3072;
  for (const name of layout.trainFiles) {
    files.set(name, new Uint8Array((layout.published.train / layout.trainFiles.length) * record));
  }
  for (const name of layout.testFiles) files.set(name, recordsOf(layout, layout.published.test, 0));
  return files;
};

test("a whole archive is read without unpacking, and so is a folder", async () => {
  const layout = cifarLayouts.cifar100;
  const files = full(layout);
  const archive = await archiveOf(files);
  const data = await cifar("cifar100", { ...offline, file: archive });
  expect(data.name).toBe("cifar100");
  expect([data.train.length, data.test.length, data.classes.length]).toEqual([50_000, 10_000, 100]);
  expect(data.test.labels[101]).toBe(1);
  expect((await data.test.read([101]))[1024]).toBe((303 + 1) & 255);
  expect(data.normalisation.mean).toEqual([0, 0, 0]);
  const folder = join(archive, "..", "cifar-batches-bin");
  const again = await cifar("cifar100", { ...offline, file: folder });
  expect(again.test.labels).toEqual(data.test.labels);
}, 30_000);

test("an archive with too few images is no CIFAR", async () => {
  const file = await archiveOf(filesOf(cifarLayouts.cifar10, 3));
  const { code, message } = await failureOf(cifar("cifar10", { ...offline, file }));
  expect(code).toBe("DATA");
  expect(message).toContain("data_batch_1.bin has 9219 bytes, not 30730000");
});

test("the archive of the other data set is refused by what it lacks", async () => {
  const file = await archiveOf(filesOf(cifarLayouts.cifar100, 3));
  expect((await failureOf(cifar("cifar10", { ...offline, file }))).message).toContain(
    "lacks batches.meta.txt, data_batch_1.bin",
  );
});

test("a truncated archive, a flipped byte and a file that is no archive are refused", async () => {
  const noise = filesOf(cifarLayouts.cifar10, 40);
  for (const [k, bytes] of [...noise.values()].slice(1).entries()) {
    for (let i = 0; i < bytes.length; i++) if (i % 3073 !== 0) bytes[i] = (i * 2654435761 + k) >>> 11;
  }
  const file = await archiveOf(noise);
  const bytes = await readFile(file);
  const flipped = Buffer.from(bytes);
  flipped[bytes.length >> 1]! ^= 16;
  for (const content of [
    bytes.subarray(0, bytes.length >> 1),
    flipped,
    Buffer.from("not an archive, not at all"),
    Buffer.alloc(0),
  ]) {
    await writeFile(file, content);
    const { code, message } = await failureOf(cifar("cifar10", { ...offline, file }));
    expect(code).toBe("DATA");
    expect(message).toContain(file);
    expect(message).toContain("distillery data cifar10 --download");
  }
});

test("files that do not fit the layout are refused, each with its reason", () => {
  const layout = cifarLayouts.cifar10;
  const parse = (change: (files: Map<string, Uint8Array>) => void) => () => {
    const files = filesOf(layout, 2);
    change(files);
    return parseCifar(layout, files, "archive.tar.gz");
  };
  expect(parse((files) => files.set("test_batch.bin", new Uint8Array(3072)))).toThrow("test_batch.bin has 3072 bytes");
  expect(parse((files) => files.set("test_batch.bin", new Uint8Array(0)))).toThrow("test_batch.bin has 0 bytes");
  expect(parse((files) => files.get("data_batch_2.bin")!.fill(10, 3073, 3074))).toThrow("label 10 in record 1");
  expect(parse((files) => files.set("batches.meta.txt", Buffer.from("cat\ndog")))).toThrow("names 2 classes, not 10");
  expect(parse((files) => files.delete("data_batch_5.bin"))).toThrow("archive.tar.gz: lacks data_batch_5.bin");
});

test("without an archive the message says how to get one", async () => {
  const cache = await temporaryFolder();
  const { code, message } = await failureOf(cifar("cifar10", { ...offline, cache }));
  expect(code).toBe("DATA");
  expect(message).toContain("distillery data cifar10 --download");
  expect(message).toContain("--archive FILE");
  const missing = await failureOf(cifar("cifar10", { ...offline, file: join(cache, "none.tar.gz") }));
  expect(missing.message).toContain("none.tar.gz: no such file or folder");
});
