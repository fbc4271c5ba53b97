// Lists of a million file names in little memory.
import { join } from "node:path";

/** The files of one folder, in order. */
export interface FolderFiles {
  readonly folder: string;
  readonly length: number;
  name(i: number): string;
}

/** Very many files, known by position; a path is put together when it is asked for. */
export interface FileList {
  readonly length: number;
  name(i: number): string;
  path(i: number): string;
}

/**
 * Holds names end to end as bytes. A million names as strings, with their folders in front, would take more than 100 MB; this
 * takes what the names are long and four bytes each.
 */
export const folderFiles = (folder: string, names: readonly string[]): FolderFiles => {
  const bytes = Buffer.from(names.join(""));
  const ends = new Uint32Array(names.length);
  let at = 0;
  for (const [i, name] of names.entries()) {
    at += Buffer.byteLength(name);
    ends[i] = at;
  }
  return {
    folder,
    length: names.length,
    name: (i) => bytes.toString("utf8", i === 0 ? 0 : ends[i - 1]!, ends[i]!),
  };
};

/** The files of several folders, one folder after the other; a folder may come more than once. */
export const fileList = (folders: readonly FolderFiles[]): FileList => {
  const starts = new Uint32Array(folders.length + 1);
  for (const [k, { length }] of folders.entries()) starts[k + 1] = starts[k]! + length;
  const length = starts[folders.length]!;

  /** The folder that holds file i, and the file's place in it. */
  const find = (i: number): { readonly files: FolderFiles; readonly at: number } => {
    if (!(i >= 0 && i < length)) throw new RangeError(`file ${i} is outside a list of ${length}`);
    let [low, high] = [0, folders.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= i) low = middle;
      else high = middle - 1;
    }
    return { files: folders[low]!, at: i - starts[low]! };
  };

  return {
    length,
    name: (i) => {
      const { files, at } = find(i);
      return files.name(at);
    },
    path: (i) => {
      const { files, at } = find(i);
      return join(files.folder, files.name(at));
    },
  };
};
