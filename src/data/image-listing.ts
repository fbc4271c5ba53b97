import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import type { Normalisation } from "./dataset.ts";
import { type FileList, type FolderFiles, fileList, folderFiles } from "./file-list.ts";

/** Files that were passed over: how many, and one of them. */
export interface Ignored {
  readonly count: number;
  readonly example?: string;
}

/** The images of a part of the data ("train" or "test"), class by class in the order of the names. */
export interface Listing {
  readonly classes: readonly string[];
  /** All images, sorted by class and then by name. */
  readonly files: FileList;
  /** Class index of every file. */
  readonly labels: Int32Array;
  readonly ignored: Ignored;
}

/** What lies in a folder of images. */
export interface Listed {
  readonly train: Listing;
  readonly test: Listing;
  /** What people call each class, where `classes` are identifiers such as n01443537. */
  readonly words?: readonly string[];
  /** What networks that others trained on this data expect; absent: to be measured. */
  readonly normalisation?: Normalisation;
}

/** What counts as an image. BMP and HEIC are here to be refused by name rather than overlooked. */
export const isImageName = (name: string): boolean =>
  /\.(jpe?g|jfif|png|webp|gif|tiff?|avif|heic|heif|bmp)$/i.test(name);

export const codeUnitOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Names in a folder that are not hidden, in an order that is the same on every machine. */
export const namesIn = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new DistilleryError("DATA", `${folder}: cannot be listed; check that it is a folder you may read`, { cause });
  });
  return names.filter((name) => !name.startsWith(".")).sort(codeUnitOrder);
};

/** Whether a path is a folder; links are followed, what does not exist is none. */
export const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Whether a folder holds folders. Images are taken to be files by their names: there may be very many. */
export const hasFolders = async (path: string): Promise<boolean> => {
  if (!(await isFolder(path))) return false;
  for (const name of await namesIn(path)) if (!isImageName(name) && (await isFolder(join(path, name)))) return true;
  return false;
};

/** Up to eight names in quotation marks, and how many more there are. */
export const quoted = (names: readonly string[]): string => {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
};

export const joinIgnored = (...parts: readonly Ignored[]): Ignored => {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const example = parts.find((part) => part.example !== undefined)?.example;
  return { count, ...(example !== undefined && { example }) };
};

/** A listing from the files of each class, in the order of `classes`. */
export const listingOf = (
  classes: readonly string[],
  filesOfClass: readonly FolderFiles[],
  ignored: Ignored,
): Listing => {
  const files = fileList(filesOfClass);
  const labels = new Int32Array(files.length);
  let at = 0;
  for (const [label, { length }] of filesOfClass.entries()) {
    labels.fill(label, at, at + length);
    at += length;
  }
  return { classes, files, labels, ignored };
};

/** The images of one class: those in its folder or, where there are none, those in the folder `images` in it. */
const listClass = async (folder: string): Promise<{ readonly files: FolderFiles; readonly ignored: Ignored }> => {
  const names = await namesIn(folder);
  const images = names.filter(isImageName);
  const inner = join(folder, "images");
  // Tiny-ImageNet lays out its classes so, with a list of boxes beside.
  if (images.length === 0 && names.includes("images") && (await isFolder(inner))) {
    return { files: folderFiles(inner, (await namesIn(inner)).filter(isImageName)), ignored: { count: 0 } };
  }
  const other = names.find((name) => !isImageName(name));
  return {
    files: folderFiles(folder, images),
    ignored: { count: names.length - images.length, ...(other !== undefined && { example: join(folder, other) }) },
  };
};

/** Lists `<class>/*` or `<class>/images/*` in a folder. Throws DATA when there are no classes, or none in one of them. */
export const listClassFolders = async (folder: string): Promise<Listing> => {
  const classes: string[] = [];
  const files: FolderFiles[] = [];
  const ignored: Ignored[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (!(await isFolder(path))) {
      ignored.push({ count: 1, example: path });
      continue;
    }
    const found = await listClass(path);
    if (found.files.length === 0) {
      throw new DistilleryError(
        "DATA",
        `${path}: class "${name}" has no image in its folder; add some, or remove the folder`,
      );
    }
    classes.push(name);
    files.push(found.files);
    ignored.push(found.ignored);
  }
  if (classes.length === 0) {
    throw new DistilleryError(
      "DATA",
      `${folder}: has no class folders; expected ${join(folder, "<class>")} with images`,
    );
  }
  return listingOf(classes, files, joinIgnored(...ignored));
};

/** A list of class names and where it was found. */
export interface ClassList {
  readonly classes: readonly string[];
  readonly where: string;
}

/** Throws DATA, naming what only one of two places has, unless both have the same classes. */
export const checkSameClasses = (path: string, one: ClassList, other: ClassList): void => {
  const onlyIn = (a: ClassList, b: ClassList): string[] => {
    const there = new Set(b.classes);
    return a.classes.filter((name) => !there.has(name));
  };
  const differences = [
    { names: onlyIn(one, other), where: one.where },
    { names: onlyIn(other, one), where: other.where },
  ].filter(({ names }) => names.length > 0);
  if (differences.length === 0) return;
  const said = differences.map(({ names, where }) => `only ${where} has ${quoted(names)}`).join("; ");
  throw new DistilleryError(
    "DATA",
    `${path}: training and test images have different classes: ${said}; give both the same`,
  );
};
