// Recognition of archives, web pages and Git-LFS pointers in place of wanted files.

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** First bytes of archives and packed files, and where they begin. */
const archives: readonly { readonly name: string; readonly at: number; readonly magic: Buffer }[] = [
  { name: "a zip archive", at: 0, magic: hex("50 4b 03 04") },
  { name: "an empty zip archive", at: 0, magic: hex("50 4b 05 06") },
  { name: "a gzip archive", at: 0, magic: hex("1f 8b") },
  { name: "a bzip2 archive", at: 0, magic: Buffer.from("BZh") },
  { name: "an xz archive", at: 0, magic: hex("fd 37 7a 58 5a 00") },
  { name: "a zstd archive", at: 0, magic: hex("28 b5 2f fd") },
  { name: "a 7z archive", at: 0, magic: hex("37 7a bc af 27 1c") },
  { name: "a rar archive", at: 0, magic: Buffer.from("Rar!\x1a\x07", "latin1") },
  { name: "a tar archive", at: 257, magic: Buffer.from("ustar") },
];

/** The archive that a file is by its first 262 bytes, e.g. "a zip archive". */
export const archiveKind = (bytes: Uint8Array): string | undefined =>
  archives.find(({ at, magic }) => magic.equals(bytes.subarray(at, at + magic.length)))?.name;

const pointer = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec/;
const page = /^\s*(<!--[\s\S]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i;

/**
 * The other thing that often lies in place of a wanted file, with its remedy, by the first 512 bytes: a Git-LFS
 * pointer, a web page, an archive. It completes the sentence "the file is ...". Undefined where it is none of these.
 */
export const mistakenFor = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes.subarray(0, 512)).toString();
  if (pointer.test(text)) return "a Git-LFS pointer; fetch the file itself with `git lfs pull`";
  if (page.test(text)) return "an HTML page, as a failed download leaves it; fetch the file itself again";
  const archive = archiveKind(bytes);
  return archive && `${archive}; unpack it`;
};
