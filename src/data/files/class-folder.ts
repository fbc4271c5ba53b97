// The images below one class's folder.
import { realpath } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { codePointOrder } from "../../support/code-point-order.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type FolderFiles, folderFiles } from "./file-list.ts";
import { entriesOf, isImageName } from "./folder-entries.ts";

/** Files and folders that were passed over: how many, and one of them. */
export interface Ignored {
  readonly count: number;
  readonly example?: string;
}

export const joinIgnored = (...parts: readonly Ignored[]): Ignored => {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const example = parts.find((part) => part.example !== undefined)?.example;
  return { count, ...(example !== undefined && { example }) };
};

/** A folder at some depth, by its path from the class's, which is empty for that itself. */
interface Visited {
  readonly path: string;
  readonly images: readonly string[];
}

/** No image is here: tells which kinds of files are, and which are read. */
const noImages = (folder: string, ignored: readonly string[]): DistilleryError => {
  const endings = [...new Set(ignored.map((path) => extname(path) || "no ending"))].slice(0, 4).join(", ");
  const instead = ignored.length === 0 ? "" : ` (found ${ignored.length} other files: ${endings})`;
  return new DistilleryError(
    "DATA",
    `${folder}: class "${basename(folder)}" has no image in its folder${instead}; add some as .jpg, .png, .webp, .tif, .bmp, .ppm or the like, or remove the folder`,
  );
};

/**
 * The images of one class at any depth below its folder, links followed, in the order of torchvision: by the code
 * points of their folders' paths, then of their names. Throws DATA when there are none, or a link leads to a folder
 * that it lies in.
 */
export const listClassFolder = async (
  folder: string,
): Promise<{ readonly folders: readonly FolderFiles[]; readonly ignored: Ignored }> => {
  const visited: Visited[] = [];
  const ignored: string[] = [];
  const visit = async (path: string, above: readonly string[]): Promise<void> => {
    const here = join(folder, path);
    const real = await realpath(here);
    if (above.includes(real)) {
      throw new DistilleryError("DATA", `${here}: is a link to a folder that it lies in, ${real}; remove the link`);
    }
    const images: string[] = [];
    for (const { name, kind } of await entriesOf(here)) {
      if (kind === "folder") await visit(path === "" ? name : `${path}/${name}`, [...above, real]);
      else if (kind === "file" && isImageName(name)) images.push(name);
      else ignored.push(join(here, name));
    }
    visited.push({ path, images });
  };
  await visit("", []);

  const folders = visited
    .filter(({ images }) => images.length > 0)
    .sort((a, b) => codePointOrder(a.path, b.path))
    .map(({ path, images }) => folderFiles(join(folder, path), images));
  if (folders.length === 0) throw noImages(folder, ignored);
  const [example] = ignored;
  return { folders, ignored: { count: ignored.length, ...(example !== undefined && { example }) } };
};
