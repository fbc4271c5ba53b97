import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { Header } from "tar";
import { expect, test } from "vitest";
import { readCifarArchive, readCifarFolder, readTar } from "../../../../src/data/sources/cifar/cifar-files.ts";
import { type CifarLayout, cifarLayouts } from "../../../../src/data/sources/cifar/cifar-records.ts";
import { DistilleryError } from "../../../../src/support/errors.ts";
import { codeOf, failureOf, temporaryFolder } from "../../fixtures.ts";

/** CIFAR-10 as if it had been published with two training images and one test image. */
const layout: CifarLayout = {
  ...cifarLayouts.cifar10,
  trainFiles: ["data_batch_1.bin", "data_batch_2.bin"],
  published: { train: 2, test: 1 },
};

interface Entry {
  readonly path: string;
  readonly content?: Uint8Array;
  /** As the header says; by default that of the content. */
  readonly size?: number;
  readonly type?: "File" | "SymbolicLink" | "Directory" | "FIFO";
}

const image = Buffer.alloc(3073, 7);
const whole: readonly Entry[] = [
  { path: "cifar/batches.meta.txt", content: Buffer.from("cat\n".repeat(10)) },
  { path: "cifar/readme.html", content: Buffer.alloc(900) },
  { path: "cifar/data_batch_1.bin", content: image },
  { path: "cifar/data_batch_2.bin", content: image },
  { path: "cifar/test_batch.bin", content: image },
];

const tarOf = (entries: readonly Entry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap(({ path, content = Buffer.alloc(0), size = content.length, type = "File" }) => {
      const head = Buffer.alloc(512);
      new Header({ path, size, type, mode: 0o644, ...(type === "SymbolicLink" && { linkpath: "x" }) }).encode(head);
      return [head, content, Buffer.alloc(-content.length & 511)];
    }),
    Buffer.alloc(1024),
  ]);

const readEntries = (...entries: readonly Entry[]) => readTar(layout, "archive", [tarOf(entries)]);

test("an archive's files are found in any folder, whatever else is there", async () => {
  const found = await readEntries(...whole);
  expect([...found.keys()].sort()).toEqual(
    whole.map(({ path }) => path.slice(6)).filter((name) => name !== "readme.html"),
  );
  expect(found.get("test_batch.bin")).toEqual(new Uint8Array(image));
});

test.each<[string, readonly Entry[]]>([
  ["data_batch_1.bin has 8589934592 bytes, not 3073", [{ path: "data_batch_1.bin", size: 2 ** 33 }]],
  ["data_batch_1.bin has 3072 bytes, not 3073", [{ path: "data_batch_1.bin", content: image.subarray(1) }]],
  ["test_batch.bin has 0 bytes, not 3073", [{ path: "test_batch.bin" }]],
  ["batches.meta.txt has 65537 bytes, not at most 65536", [{ path: "batches.meta.txt", size: 65_537 }]],
  ["has data_batch_1.bin twice", [...whole, { path: "again/data_batch_1.bin", content: image }]],
  ["has test_batch.bin as a SymbolicLink, not as a file", [{ path: "test_batch.bin", type: "SymbolicLink" }]],
  ["has test_batch.bin as a Directory, not as a file", [{ path: "test_batch.bin/", type: "Directory" }]],
  ["has test_batch.bin as a FIFO, not as a file", [{ path: "test_batch.bin", type: "FIFO" }]],
])("refused: %s", async (message, entries) => {
  const failure = await failureOf(readEntries(...entries));
  expect(failure.code).toBe("DATA");
  expect(failure.message).toMatch(
    new RegExp(`^archive: ${message}; expected CIFAR-10 in its binary version, unchanged`),
  );
});

test("an archive is stopped where it unpacks to more than it may, also behind its end", async () => {
  const endless = function* (beginning: Buffer) {
    yield beginning;
    for (;;) yield Buffer.alloc(2 ** 16);
  };
  for (const beginning of [tarOf(whole), tarOf([{ path: "surplus", size: 2 ** 40 }]).subarray(0, 512)]) {
    const reading = readTar(layout, "archive", endless(beginning), undefined, 2 ** 20);
    await expect(reading).rejects.toThrow("it unpacks to more than 1048576 bytes");
  }
});

test("reading stops when it is asked to", async () => {
  const stop = new AbortController();
  const chunks = function* () {
    yield tarOf(whole).subarray(0, 1024);
    stop.abort();
    yield tarOf(whole).subarray(1024);
  };
  expect(await codeOf(readTar(layout, "archive", chunks(), stop.signal))).toBe("INTERRUPTED");
});

test("compressed or not, an archive is read; one compressed twice, a pipe, a folder and a device are not", async () => {
  const folder = await temporaryFolder();
  const archive = join(folder, "archive");
  const read = async (bytes: Buffer) => {
    await writeFile(archive, bytes);
    return await readCifarArchive(layout, archive);
  };
  const tar = tarOf(whole);
  expect((await read(tar)).size).toBe(4);
  expect((await read(gzipSync(tar))).size).toBe(4);
  await expect(read(gzipSync(gzipSync(tar)))).rejects.toMatchObject({
    code: "DATA",
    message: expect.stringContaining("is damaged or no .tar.gz archive (max decompression ratio exceeded"),
  });
  await expect(read(gzipSync(tarOf([{ path: "test_batch.bin", size: 2 ** 33 }])))).rejects.toMatchObject({
    code: "DATA",
    message: expect.stringContaining("test_batch.bin has 8589934592 bytes, not 3073"),
  });
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const [path, reason] of [
    [pipe, "is a pipe, a socket or a device, not a regular file"],
    ["/dev/zero", "is a pipe, a socket or a device, not a regular file"],
    [folder, "is a folder, not a file"],
  ] as const) {
    const { code, message } = await failureOf(readCifarArchive(layout, path));
    expect(code).toBe("DATA");
    expect(message).toBe(
      `${path}: ${reason}; expected an archive, fetch it again with \`distillery data cifar10 --download\``,
    );
  }
});

test("a folder's files are regular ones of the published sizes", async () => {
  const folder = await temporaryFolder();
  for (const { path, content } of whole) await writeFile(join(folder, path.slice(6)), content!);
  expect((await readCifarFolder(layout, folder)).size).toBe(4);
  const fails = async (message: string) => {
    const failure = await failureOf(readCifarFolder(layout, folder));
    expect(failure.code).toBe("DATA");
    expect(failure.message).toContain(`${folder}: test_batch.bin ${message}; expected CIFAR-10`);
  };
  const file = join(folder, "test_batch.bin");
  await writeFile(file, Buffer.alloc(3074));
  await fails("has 3074 bytes, more than the 3073 that it may have");
  await writeFile(file, Buffer.alloc(3072));
  await fails("has 3072 bytes, not 3073");
  await rm(file);
  execFileSync("mkfifo", [file]);
  await fails("is a pipe, a socket or a device, not a regular file");
  await rm(file);
  await mkdir(file);
  await fails("is a folder, not a file");
});

test("whatever is done to an archive, it is read or refused", async () => {
  const tar = tarOf(whole);
  const heads = whole.map((_, i) => tarOf(whole.slice(0, i)).length - 1024);
  const place = fc.oneof(
    fc.nat(tar.length - 1),
    fc.tuple(fc.constantFrom(...heads), fc.nat(511)).map(([a, b]) => a + b),
  );
  const change = fc.tuple(place, fc.nat(255));
  const end = async (bytes: Buffer): Promise<void> => {
    const reading = readTar(layout, "archive", [bytes.subarray(0, 700), bytes.subarray(700)], undefined, 2 ** 20);
    const result = await reading.catch((error: unknown) => error);
    if (result instanceof DistilleryError) expect(result.code).toBe("DATA");
    else if (result instanceof Error) expect(result.message).not.toMatch(/array|undefined|null|allocation/i);
    else for (const content of result as Iterable<[string, Uint8Array]>) expect(content[1].length).toBeLessThan(65_537);
  };
  /** Makes the checksum of the header around a place right again, so that its other fields are believed. */
  const mend = (bytes: Buffer, at: number): void => {
    const from = at & ~511;
    const head = bytes.subarray(from, from + 512);
    head.fill(" ", 148, 156);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  };
  const property = fc.asyncProperty(
    fc.array(change, { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    async (all, mended) => {
      const bytes = Buffer.from(tar);
      for (const [at, value] of all) {
        bytes[at] = value;
        if (mended) mend(bytes, at);
      }
      await end(bytes);
    },
  );
  await fc.assert(property, { numRuns: 800, seed: 11 });
  await fc.assert(
    fc.asyncProperty(fc.nat(tar.length), async (length) => end(tar.subarray(0, length))),
    { numRuns: 200, seed: 12 },
  );
});
