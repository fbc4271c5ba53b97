import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { list, type ReadEntry } from "tar";
import { DistilleryError } from "../support/errors.ts";
import { exists } from "../support/files.ts";
import { stopIfAborted } from "../support/interrupt.ts";
import type { Progress } from "../support/progress.ts";
import { type CifarLayout, checkPublished, cifarLayouts, filesOf, parseCifar } from "./cifar-records.ts";
import type { Dataset } from "./dataset.ts";
import { download } from "./download.ts";
import { isFolder } from "./folder-entries.ts";
import { normalisationOf } from "./normalisation.ts";

export interface CifarOptions {
  /** The publisher's .tar.gz, or a folder with its unpacked .bin and .txt files; absent: the archive in `cache`. */
  readonly file?: string;
  /** Folder that keeps downloaded archives. */
  readonly cache: string;
  /** Whether an archive that is not in the cache may be downloaded. */
  readonly download: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** The publisher gives MD5 sums and nothing stronger. */
const archives = {
  cifar10: { file: "cifar-10-binary.tar.gz", md5: "c32a1d4ab5d03f1284b67883e8d87530", bytes: 170_052_171 },
  cifar100: { file: "cifar-100-binary.tar.gz", md5: "03b5dce01913d631647c71ecec9e9cb8", bytes: 168_513_733 },
} as const;

const publisher = "https://www.cs.toronto.edu/~kriz/";

type Files = ReadonlyMap<string, Uint8Array>;

const readFolder = async (layout: CifarLayout, folder: string): Promise<Files> => {
  const files = new Map<string, Uint8Array>();
  for (const name of filesOf(layout)) {
    const path = join(folder, name);
    if (await exists(path)) files.set(name, await readFile(path));
  }
  return files;
};

/** The data set's files out of a .tar.gz, whatever folder they lie in there; nothing is unpacked to disk. */
const readArchive = async (layout: CifarLayout, archive: string): Promise<Files> => {
  const wanted = new Set(filesOf(layout));
  const files = new Map<string, Uint8Array>();
  const collect = (entry: ReadEntry): void => {
    const name = basename(entry.path);
    if (!wanted.has(name)) return;
    const content = new Uint8Array(entry.size);
    let at = 0;
    entry.on("data", (chunk: Buffer) => {
      content.set(chunk, at);
      at += chunk.length;
    });
    entry.on("end", () => files.set(name, content));
  };
  try {
    await list({ file: archive, strict: true, onReadEntry: collect });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DistilleryError(
      "DATA",
      `${archive}: is damaged or no .tar.gz archive (${why}); delete it and fetch it again with \`distillery data ${layout.name} --download\``,
      { cause },
    );
  }
  return files;
};

/** Where the data lie: the user's file, the cached archive, or the archive just downloaded. */
const locate = async (layout: CifarLayout, options: CifarOptions): Promise<string> => {
  const archive = archives[layout.name];
  const byFile = `pass a local copy of ${archive.file} with --archive FILE`;
  if (options.file !== undefined) {
    if (await exists(options.file)) return options.file;
    throw new DistilleryError(
      "DATA",
      `${options.file}: no such file or folder; expected ${archive.file} or a folder with its .bin files`,
    );
  }
  const cached = join(options.cache, archive.file);
  if (options.download) {
    await download(publisher + archive.file, cached, {
      checksum: { md5: archive.md5 },
      bytes: archive.bytes,
      progress: options.progress,
      ...(options.signal ? { signal: options.signal } : {}),
      otherwise: `or ${byFile}`,
    });
    return cached;
  }
  if (await exists(cached)) return cached;
  throw new DistilleryError(
    "DATA",
    `${layout.title} is not here yet (looked for ${cached}): get it with \`distillery data ${layout.name} --download\`, or ${byFile}`,
  );
};

/**
 * CIFAR-10, or CIFAR-100 with its 100 fine labels, from the publisher's binary version: 50,000 training and 10,000 test
 * images of 32x32. Throws DATA (missing or damaged), DOWNLOAD, DISK or INTERRUPTED.
 */
export const cifar = async (name: "cifar10" | "cifar100", options: CifarOptions): Promise<Dataset> => {
  const layout = cifarLayouts[name];
  const where = await locate(layout, options);
  stopIfAborted(options.signal, `reading ${layout.title}`);
  const task = options.progress.task(`reading ${name}`, 1);
  try {
    const files = (await isFolder(where)) ? await readFolder(layout, where) : await readArchive(layout, where);
    const parts = parseCifar(layout, files, where);
    checkPublished(layout, parts, where);
    task.update(1);
    return {
      name,
      ...parts,
      image: { height: 32, width: 32 },
      normalisation: await normalisationOf(parts.train),
      skipped: [],
      ignored: 0,
    };
  } finally {
    task.done();
  }
};
