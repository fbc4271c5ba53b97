// Lists of image files with their classes.
import { join } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import type { Normalisation } from "../dataset.ts";
import { type Ignored, joinIgnored, listClassFolder } from "./class-folder.ts";
import { type FileList, type FolderFiles, fileList } from "./file-list.ts";
import { entriesOf } from "./folder-entries.ts";

/** The images of a part of the data ("train" or "test"), class by class in the order of the names. */
export interface Listing {
  readonly classes: readonly string[];
  /** All images, sorted by class and then by name. */
  readonly files: FileList;
  /** Class index of every file. */
  readonly labels: Int32Array;
  readonly ignored: Ignored;
}

/** The images of a folder, with their classes. */
export interface Listed {
  readonly train: Listing;
  readonly test: Listing;
  /** Everyday names of the classes, where `classes` are identifiers such as n01443537. */
  readonly words?: readonly string[];
  /** The normalisation that published networks for this data expect; absent: to be measured. */
  readonly normalisation?: Normalisation;
  /** Worth telling of how the layout was understood. */
  readonly note?: string;
}

/** Up to eight names in quotation marks, and how many more there are. */
export const quoted = (names: readonly string[]): string => {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
};

/** A listing from the folders with files of each class, in the order of `classes`. */
export const listingOf = (
  classes: readonly string[],
  foldersOfClass: readonly (readonly FolderFiles[])[],
  ignored: Ignored,
): Listing => {
  const files = fileList(foldersOfClass.flat());
  const labels = new Int32Array(files.length);
  let at = 0;
  for (const [label, folders] of foldersOfClass.entries()) {
    const length = folders.reduce((sum, folder) => sum + folder.length, 0);
    labels.fill(label, at, at + length);
    at += length;
  }
  return { classes, files, labels, ignored };
};

/** The files of a listing that have a flag, in their order. */
export const selected = ({ classes, files, labels, ignored }: Listing, flags: Uint8Array, flag: 0 | 1): Listing => {
  const all = Int32Array.from(flags, (_, i) => i);
  const chosen = all.filter((i) => flags[i] === flag);
  return {
    classes,
    files: { length: chosen.length, name: (i) => files.name(chosen[i]!), path: (i) => files.path(chosen[i]!) },
    labels: chosen.map((i) => labels[i]!),
    ignored,
  };
};

/**
 * Lists the classes of a folder, `<class>/` with images at any depth, in the order of torchvision: by code points of the
 * folders' names. Class names are in Unicode's composed form (NFC), whatever the file system made of them.
 * Throws DATA when there are no classes, none in one of them, or two whose names differ only in their Unicode form.
 */
export const listClassFolders = async (folder: string): Promise<Listing> => {
  const classes: string[] = [];
  const folders: (readonly FolderFiles[])[] = [];
  const ignored: Ignored[] = [];
  for (const { name, kind } of await entriesOf(folder)) {
    const path = join(folder, name);
    if (kind !== "folder") {
      ignored.push({ count: 1, example: path });
      continue;
    }
    const found = await listClassFolder(path);
    const composed = name.normalize("NFC");
    if (classes.includes(composed)) {
      throw new DistilleryError(
        "DATA",
        `${folder}: has two folders "${composed}" whose names differ only in their Unicode form; merge them into one`,
      );
    }
    classes.push(composed);
    folders.push(found.folders);
    ignored.push(found.ignored);
  }
  if (classes.length === 0) {
    const files = joinIgnored(...ignored);
    const instead =
      files.example === undefined ? "" : `, found no folder, but ${files.count} others such as ${files.example}`;
    throw new DistilleryError(
      "DATA",
      `${folder}: has no class folders; expected ${join(folder, "<class>")} with images${instead}`,
    );
  }
  return listingOf(classes, folders, joinIgnored(...ignored));
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

/**
 * Lists the classes of a folder of test images, with labels counted as those of the training images, which are in another
 * folder below `path`. Throws DATA as `listClassFolders`, and unless both have the same classes.
 */
export const listLike = async (
  path: string,
  train: Listing & { readonly where: string },
  where: string,
): Promise<Listing> => {
  const { classes } = train;
  const found = await listClassFolders(where);
  checkSameClasses(path, train, { classes: found.classes, where });
  const places = found.classes.map((name) => classes.indexOf(name));
  return { ...found, classes, labels: found.labels.map((label) => places[label]!) };
};
