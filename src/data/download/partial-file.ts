// The unfinished bytes of a download and the version they belong to.
import { type FileHandle, open, readFile, rm, stat } from "node:fs/promises";
import { diskError, writeJson } from "../../support/files.ts";

/** The version of a URL's content that the bytes belong to. */
interface Origin {
  readonly url: string;
  readonly etag: string;
}

/** A download's unfinished bytes in `<to>.part`, and beside them in `<to>.part.json` what they are the beginning of. */
export interface PartialFile {
  readonly path: string;
  /** Bytes that may be continued, and the ETag under which the rest must come; undefined: nothing to continue. */
  resumable(url: string): Promise<{ readonly bytes: number; readonly etag: string } | undefined>;
  /** Opens at byte `from`, 0 to start over. Records the ETag of a new start so that another process can go on. */
  open(from: number, url: string, etag: string | undefined): Promise<FileHandle>;
  /** Deletes the bytes and the note. */
  discard(): Promise<void>;
  /** Deletes the note only, once the bytes have been moved to their final name. */
  forgetOrigin(): Promise<void>;
}

const readOrigin = async (path: string): Promise<Origin | undefined> => {
  try {
    const { url, etag }: Partial<Origin> = JSON.parse(await readFile(path, "utf8"));
    return typeof url === "string" && typeof etag === "string" ? { url, etag } : undefined;
  } catch {
    // No note, or one cut short by a crash: either way there is nothing to go by, and the download starts over.
    return undefined;
  }
};

export const partialFile = (to: string): PartialFile => {
  const path = `${to}.part`;
  const note = `${path}.json`;
  const forgetOrigin = (): Promise<void> => rm(note, { force: true });
  return {
    path,
    forgetOrigin,
    discard: async () => {
      await forgetOrigin();
      await rm(path, { force: true });
    },
    resumable: async (url) => {
      const origin = await readOrigin(note);
      if (origin?.url !== url) return undefined;
      const bytes = await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
      return bytes > 0 ? { bytes, etag: origin.etag } : undefined;
    },
    open: async (from, url, etag) => {
      try {
        if (from > 0) return await open(path, "a");
        // The old note goes before the old bytes, the new one comes after: a note never describes bytes of another version.
        await forgetOrigin();
        const file = await open(path, "w");
        // A weak ETag does not promise the same bytes; without a strong one a later process starts over.
        if (etag !== undefined && !etag.startsWith("W/")) await writeJson(note, { url, etag } satisfies Origin);
        return file;
      } catch (cause) {
        throw diskError(path, cause);
      }
    },
  };
};
