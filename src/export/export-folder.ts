// The folder of an export as it grows: its files, counted and hashed.
import { createHash } from "node:crypto";
import { open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../support/files.ts";

/** A file of an export; its path is relative to the export's folder. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Appends bytes, which may be changed once the promise is fulfilled. */
export type Append = (bytes: Uint8Array) => Promise<void>;

export interface ExportFolder {
  /** Writes a file piece by piece and lists it. */
  write(path: string, pieces: (append: Append) => Promise<void>): Promise<void>;
  /** Writes one of very many small files, which is counted and not listed; its folder is there. */
  add(path: string, content: Uint8Array): Promise<void>;
  /** Makes a folder. */
  make(path: string): Promise<void>;
  /** The listed files, in the order of their writing. */
  readonly files: readonly ExportedFile[];
  /** Bytes of all files. */
  readonly bytes: number;
}

/** An export's files in a folder. */
export const exportFolder = (folder: string): ExportFolder => {
  const files: ExportedFile[] = [];
  let total = 0;
  return {
    files,
    get bytes() {
      return total;
    },
    make: (path) => makeFolder(join(folder, path)),
    add: async (path, content) => {
      await writeFile(join(folder, path), content);
      total += content.length;
    },
    write: async (path, pieces) => {
      const target = join(folder, path);
      await makeFolder(dirname(target));
      const hash = createHash("sha256");
      let bytes = 0;
      const file = await open(target, "wx");
      try {
        await pieces(async (piece) => {
          hash.update(piece);
          bytes += piece.length;
          // Goes on after a short write, as a nearly full disk makes them.
          await file.writeFile(piece);
        });
        await file.sync();
      } finally {
        await file.close();
      }
      total += bytes;
      files.push({ path, bytes, sha256: hash.digest("hex") });
    },
  };
};
