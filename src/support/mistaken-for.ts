// Recognition of archives, web pages and Git-LFS pointers in place of wanted files.

import { binaryText } from "./text.ts";

/** First bytes of archives and packed files, and where they begin. */
const archives: readonly { readonly name: string; readonly at: number; readonly magic: string }[] = [
  { name: "a zip archive", at: 0, magic: "PK\x03\x04" },
  { name: "an empty zip archive", at: 0, magic: "PK\x05\x06" },
  { name: "a gzip archive", at: 0, magic: "\x1f\x8b" },
  { name: "a bzip2 archive", at: 0, magic: "BZh" },
  { name: "an xz archive", at: 0, magic: "\xfd7zXZ\x00" },
  { name: "a zstd archive", at: 0, magic: "(\xb5/\xfd" },
  { name: "a 7z archive", at: 0, magic: "7z\xbc\xaf'\x1c" },
  { name: "a rar archive", at: 0, magic: "Rar!\x1a\x07" },
  { name: "a tar archive", at: 257, magic: "ustar" },
];

/** The archive that a file is by its first 262 bytes, e.g. "a zip archive". */
export const archiveKind = (bytes: Uint8Array): string | undefined => {
  const text = binaryText(bytes.subarray(0, 262));
  return archives.find(({ at, magic }) => text.startsWith(magic, at))?.name;
};

const pointer = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec/;
const page = /^\s*(<!--[\s\S]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i;

/**
 * The other thing that often lies in place of a wanted file, with its remedy, by the first 512 bytes: a Git-LFS
 * pointer, a web page, an archive. It completes the sentence "the file is ...". Undefined where it is none of these.
 */
export const mistakenFor = (bytes: Uint8Array): string | undefined => {
  const text = new TextDecoder().decode(bytes.subarray(0, 512));
  if (pointer.test(text)) return "a Git-LFS pointer; fetch the file itself with `git lfs pull`";
  if (page.test(text)) return "an HTML page, as a failed download leaves it; fetch the file itself again";
  const archive = archiveKind(bytes);
  return archive && `${archive}; unpack it`;
};
