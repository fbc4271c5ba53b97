// The entries of a folder, sorted, with links followed and litter left out.
import { isUtf8 } from "node:buffer";
import type { Dirent } from "node:fs";
import { readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { codePointOrder } from "../../support/code-point-order.ts";
import { DistilleryError } from "../../support/errors.ts";
import { reasonOf } from "../../support/files.ts";
import { isLitter } from "../../support/litter.ts";

/** One thing in a folder; links count as what they lead to. Hidden are names with a dot in front. */
export interface Entry {
  readonly name: string;
  readonly kind: "folder" | "file" | "hidden";
}

/** Names of images. HEIC, JPEG 2000 and JPEG XL are among them to be refused by name rather than overlooked. */
export const isImageName = (name: string): boolean =>
  /\.(jpe?g|jpe|jfif|a?png|webp|gif|tiff?|avif|bmp|dib|p[bgpn]m|heic|heif|jp2|jxl)$/i.test(name);

/** Files that systems leave in folders and archives, and the lists of boxes of Tiny-ImageNet: not worth a word. */
const isUnremarkable = (name: string): boolean => isLitter(name) || /^(__MACOSX|n\d{8}_boxes\.txt)$/i.test(name);

/** True where a path is a folder; links are followed, what does not exist is none. */
export const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Follows a link. Throws DATA where it leads nowhere: it may have stood for a folder of images. */
const followLink = async (path: string): Promise<Entry["kind"]> => {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (cause) {
    const target = await readlink(path).catch(() => "somewhere");
    throw new DistilleryError(
      "DATA",
      `${path}: is a link to ${target}, which cannot be reached (${reasonOf(cause)}); mend or remove the link`,
      { cause },
    );
  }
};

const kindOf = async (folder: string, name: string, entry: Dirent<Buffer>): Promise<Entry["kind"]> => {
  if (name.startsWith(".")) return "hidden";
  if (entry.isDirectory()) return "folder";
  // A link with the name of an image is taken for one: there may be very many, and reading it will tell.
  if (entry.isSymbolicLink() && !isImageName(name)) return followLink(join(folder, name));
  return "file";
};

/** A name of other bytes than UTF-8, as printable ASCII: caf\xe9. */
const escaped = (name: Buffer): string =>
  name.toString("latin1").replaceAll(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);

const notUtf8 = (folder: string, entry: Dirent<Buffer>): DistilleryError =>
  new DistilleryError(
    "DATA",
    `${folder}: holds a ${entry.isDirectory() ? "folder" : "file"} "${escaped(entry.name)}", whose name is not UTF-8; rename it, e.g. with \`convmv -f latin1 -t utf8 -r --notest\``,
  );

/**
 * The entries of a folder by code points of their names, as Python sorts them, without what systems leave there. Throws
 * DATA when the folder cannot be listed, a name is not UTF-8 (such a name cannot be used to open the file) or a link
 * leads nowhere.
 */
export const entriesOf = async (folder: string): Promise<Entry[]> => {
  const found = await readdir(folder, { withFileTypes: true, encoding: "buffer" }).catch((cause: unknown) => {
    throw new DistilleryError("DATA", `${folder}: cannot be listed; check that it is a folder you may read`, { cause });
  });
  const entries: Entry[] = [];
  for (const entry of found) {
    if (!isUtf8(entry.name)) throw notUtf8(folder, entry);
    const name = entry.name.toString();
    if (!isUnremarkable(name)) entries.push({ name, kind: await kindOf(folder, name, entry) });
  }
  return entries.sort((a, b) => codePointOrder(a.name, b.name));
};

/** Names in a folder that are not hidden, in order. Throws as `entriesOf` does. */
export const namesIn = async (folder: string): Promise<string[]> =>
  (await entriesOf(folder)).filter(({ kind }) => kind !== "hidden").map(({ name }) => name);

/** True where a path is a folder that holds folders. */
export const hasFolders = async (path: string): Promise<boolean> =>
  (await isFolder(path)) && (await entriesOf(path)).some(({ kind }) => kind === "folder");
