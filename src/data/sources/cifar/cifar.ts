// CIFAR-10 and CIFAR-100, downloaded where they are missing.
import { join } from "node:path";
import { DistilleryError } from "../../../support/errors.ts";
import { exists } from "../../../support/files.ts";
import { stopIfAborted } from "../../../support/work/interrupt.ts";
import type { Progress } from "../../../support/work/progress.ts";
import type { Dataset } from "../../dataset.ts";
import { download } from "../../download/download.ts";
import { isFolder } from "../../files/folder-entries.ts";
import { normalisationOf } from "../../normalisation.ts";
import { readCifarArchive, readCifarFolder } from "./cifar-files.ts";
import { type CifarLayout, cifarLayouts, parseCifar } from "./cifar-records.ts";

export interface CifarOptions {
  /** The publisher's .tar.gz, or a folder with its unpacked .bin and .txt files; absent: the archive in `cache`. */
  readonly file?: string;
  /** Folder that keeps downloaded archives. */
  readonly cache: string;
  /** Allows downloading an archive that is not in the cache. */
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

/** Finds the data: the user's file, the cached archive, or the archive just downloaded. */
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
    const read = (await isFolder(where)) ? readCifarFolder : readCifarArchive;
    const parts = parseCifar(layout, await read(layout, where, options.signal), where);
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
