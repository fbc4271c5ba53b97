import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll } from "vitest";
import { readSet } from "../../src/sets/read.ts";
import type { DistilledSet } from "../../src/sets/set.ts";
import { type UnwrittenSet, writeSet } from "../../src/sets/write.ts";

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A new folder, which goes away with the tests of the file. */
export const scratchFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-export-"));
  made.push(folder);
  return folder;
};

/** A set as it is read back from the disk. */
export const storedSet = async (set: UnwrittenSet): Promise<DistilledSet> => {
  const folder = join(await scratchFolder(), "set");
  await writeSet(folder, set);
  return readSet(folder);
};

/** All files of a folder, sorted, with slashes. */
export const filesOf = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
};
