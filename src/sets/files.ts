// Checks of the files in a set's folder.
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { codeOf, readRegularFile, reasonOf } from "../support/files.ts";
import { isLitter } from "../support/litter.ts";
import { mistakenFor } from "../support/mistaken-for.ts";
import { cardName } from "./card.ts";
import { manifestName } from "./manifest/manifest.ts";
import type { Manifest } from "./set.ts";

/** Entries of a folder where a set is, or is to be. @throws DistilleryError SET where it cannot be listed. */
export const listFolder = async (folder: string, how: { readonly recursive?: boolean } = {}): Promise<Dirent[]> => {
  try {
    return await readdir(folder, { ...how, withFileTypes: true });
  } catch (cause) {
    throw new DistilleryError("SET", `${folder} cannot be listed (${reasonOf(cause)})`, { cause });
  }
};

/**
 * Files and folders below a set's folder that its manifest does not know, and that are no card, sorted, with `/`; folders end
 * with it. @throws DistilleryError SET where one of its folders cannot be listed.
 */
export const unlistedFiles = async (folder: string, manifest: Manifest): Promise<string[]> => {
  const files = new Set([manifestName, cardName, ...Object.keys(manifest.parts)]);
  const folders = new Set([...files].filter((path) => path.includes("/")).map((path) => path.split("/")[0]!));
  const strangers = async (prefix: string): Promise<string[]> => {
    const entries = await listFolder(join(folder, prefix));
    const found = entries.map(async (entry): Promise<string[]> => {
      const path = `${prefix}${entry.name}`;
      // fileProblem tells of a folder in a file's place.
      if (files.has(path)) return [];
      if (!entry.isDirectory()) return isLitter(entry.name) ? [] : [path];
      // A folder that is no set's own is not searched, however deep it is.
      return folders.has(path) ? strangers(`${path}/`) : [`${path}/`];
    });
    return (await Promise.all(found)).flat();
  };
  return (await strangers("")).sort();
};

/** Pointers and pages are smaller. */
const mostMistaken = 2 ** 20;

/** Says in brackets what lies in place of a file of a set, where that is plain: ` (it is a Git-LFS pointer; ...)`. */
const hintOf = async (file: string): Promise<string> => {
  const what = mistakenFor(await readRegularFile(file, mostMistaken).catch(() => new Uint8Array(0)));
  return what === undefined ? "" : ` (it is ${what})`;
};

/**
 * Looks at a file of a set before it is opened, and says what is wrong: "is missing", "has 5 bytes, ...". A link counts
 * as the file that it leads to: caches of downloaded sets are made of links. `bytes` is its size by the manifest, where that
 * says it.
 */
export const fileProblem = async (file: string, bytes?: number): Promise<string | undefined> => {
  try {
    const found = await stat(file);
    if (found.isDirectory()) return "is a folder, not a file";
    if (!found.isFile()) return "is a pipe, a socket or a device, not a regular file";
    if (bytes === undefined || found.size === bytes) return undefined;
    return `has ${found.size} bytes, the manifest says ${bytes}${await hintOf(file)}`;
  } catch (cause) {
    return ["ENOENT", "ENOTDIR"].includes(codeOf(cause)) ? "is missing" : `cannot be read (${reasonOf(cause)})`;
  }
};
