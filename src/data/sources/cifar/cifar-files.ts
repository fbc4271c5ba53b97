// Reading CIFAR's files from a folder or an archive.
import type { FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { DistilleryError } from "../../../support/errors.ts";
import { exists, openRegularFile, readRegularFile, reasonOf } from "../../../support/files.ts";
import { stopIfAborted } from "../../../support/work/interrupt.ts";
import { type CifarLayout, damaged, filesOf, publishedBytes } from "./cifar-records.ts";

/** A data set's files by base name. */
export type CifarFiles = ReadonlyMap<string, Uint8Array>;

/** Bytes that an archive may have, and unpack to; the published ones unpack to 185 MB. */
const mostUnpacked = 256 * 2 ** 20;

/** Fails on a file of another size than the published one, before memory is taken for it. */
const checkBytes = (layout: CifarLayout, where: string, name: string, bytes: number): void => {
  const { exact, most } = publishedBytes(layout, name);
  if (bytes === most || (!exact && bytes < most)) return;
  throw damaged(layout, where, `${name} has ${bytes} bytes, not ${exact ? "" : "at most "}${most}`);
};

/** A data set's files out of a folder, those that are there. Throws DATA for one that is not as published. */
export const readCifarFolder = async (
  layout: CifarLayout,
  folder: string,
  signal?: AbortSignal,
): Promise<CifarFiles> => {
  const files = new Map<string, Uint8Array>();
  for (const name of filesOf(layout)) {
    stopIfAborted(signal, `reading ${layout.title}`);
    const path = join(folder, name);
    if (!(await exists(path))) continue;
    const bytes = await readRegularFile(path, publishedBytes(layout, name).most).catch((cause: unknown) => {
      throw damaged(layout, folder, `${name} ${reasonOf(cause)}`);
    });
    checkBytes(layout, folder, name, bytes.length);
    files.set(name, bytes);
  }
  return files;
};

/** Takes the data set's files out of the entries of an archive, whatever folder they lie in there. */
const collector = (layout: CifarLayout, where: string) => {
  const wanted = new Set(filesOf(layout));
  const files = new Map<string, Uint8Array>();
  const begin = (entry: ReadEntry): void => {
    const name = basename(entry.path);
    if (!wanted.has(name)) return;
    if (files.has(name)) throw damaged(layout, where, `has ${name} twice`);
    if (!/File$/.test(entry.type)) throw damaged(layout, where, `has ${name} as a ${entry.type}, not as a file`);
    checkBytes(layout, where, name, entry.size);
    const content = new Uint8Array(entry.size);
    files.set(name, content);
    let at = 0;
    entry.on("data", (chunk: Buffer) => {
      content.set(chunk, at);
      at += chunk.length;
    });
  };
  return { files, begin };
};

/**
 * The data set's files out of the bytes of a tar archive, of which there may be `most`. Nothing is unpacked to disk.
 * Throws DATA for files that are not as published, Error for anything that is no whole archive.
 */
export const readTar = async (
  layout: CifarLayout,
  where: string,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  signal?: AbortSignal,
  most = mostUnpacked,
): Promise<CifarFiles> => {
  const { files, begin } = collector(layout, where);
  // The parser unpacks by itself what is compressed once more: never to more bytes than it was, so that `most` holds.
  const parser = new Parser({ strict: true, brotli: false, zstd: false, maxDecompressionRatio: 1 });
  let failure: unknown;
  let over = false;
  // Errors thrown inside of the parser's events would end the process where they do not come from `write`.
  parser.on("entry", (entry: ReadEntry) => {
    try {
      if (failure === undefined) begin(entry);
    } catch (error) {
      failure = error;
    }
    entry.resume();
  });
  parser.on("error", (error: unknown) => {
    failure ??= error;
  });
  // The parser would gather in memory what follows the archive's end.
  parser.on("eof", () => {
    over = true;
  });
  let unpacked = 0;
  for await (const chunk of chunks) {
    stopIfAborted(signal, `reading ${layout.title}`);
    unpacked += chunk.length;
    if (unpacked > most) throw new Error(`it unpacks to more than ${most} bytes`);
    if (!over) parser.write(chunk);
    if (failure !== undefined) throw failure;
  }
  parser.end();
  if (failure !== undefined) throw failure;
  return files;
};

/** The bytes of an open file, gunzipped where they are compressed. */
const contentOf = async (file: FileHandle): Promise<Readable> => {
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  const stored = file.createReadStream({ start: 0 });
  if (buffer.readUInt16BE(0) !== 0x1f8b) return stored;
  const content = createGunzip({ chunkSize: 2 ** 16 });
  stored.on("error", (error) => content.destroy(error));
  content.on("close", () => stored.destroy());
  return stored.pipe(content);
};

/** A data set's files out of a .tar.gz or a .tar. Throws DATA for anything else, INTERRUPTED. */
export const readCifarArchive = async (
  layout: CifarLayout,
  archive: string,
  signal?: AbortSignal,
): Promise<CifarFiles> => {
  const again = `fetch it again with \`distillery data ${layout.name} --download\``;
  const file = await openRegularFile(archive, mostUnpacked).catch((cause: unknown) => {
    throw new DistilleryError("DATA", `${archive}: ${reasonOf(cause)}; expected an archive, ${again}`, { cause });
  });
  try {
    return await readTar(layout, archive, await contentOf(file), signal);
  } catch (cause) {
    if (cause instanceof DistilleryError) throw cause;
    const what = `is damaged or no .tar.gz archive (${reasonOf(cause)})`;
    throw new DistilleryError("DATA", `${archive}: ${what}; delete it and ${again}`, { cause });
  } finally {
    await file.close();
  }
};
