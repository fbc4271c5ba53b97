// Tar files of images and labels, as WebDataset streams them.
import { Header } from "tar";
import { fileSet, recordSetOf } from "../croissant.ts";
import type { ExportedFile } from "../export-folder.ts";
import type { ExportFormat } from "../format.ts";
import type { PngRows } from "../source.ts";

/** Images in a file: small enough to be shuffled and shared among readers, large enough to be read in one go. */
const shardRows = 10_000;

/** A tar archive is made of blocks of so many bytes, and ends with two empty ones. */
const block = 512;

/** A file of an archive: header, content, and zeros to the end of its last block. Nothing in it depends on time or user. */
const entry = (path: string, content: Uint8Array): Uint8Array[] => {
  const header = new Header({
    path,
    size: content.length,
    mode: 0o644,
    mtime: new Date(0),
    type: "File",
    uid: 0,
    gid: 0,
  });
  header.encode();
  return [header.block!, content, new Uint8Array(-content.length & (block - 1))];
};

const isArchive = ({ path }: ExportedFile): boolean => path.endsWith(".tar");

export const webdataset: ExportFormat = {
  name: "webdataset",
  about: "tar files of NNNNNN.png, .cls (the label) and .json (label, class, logits) for WebDataset",
  pixels: "png",
  dataFiles: "train-*.tar",
  write: async (source, folder) => {
    const { classes } = source.manifest;
    const C = classes.length;
    const text = new TextEncoder();
    const entries = ({ from, labels, pngs, logits }: PngRows): Uint8Array[] =>
      pngs.flatMap((png, i) => {
        const [name, label] = [source.nameOf(from + i), labels[i]!];
        const row = logits && { logits: Array.from(logits.subarray(i * C, (i + 1) * C)) };
        return [
          ...entry(`${name}.png`, png),
          ...entry(`${name}.cls`, text.encode(String(label))),
          ...entry(`${name}.json`, text.encode(JSON.stringify({ label, class: classes[label], ...row }))),
        ];
      });
    for (let from = 0; from < source.length; from += shardRows) {
      const path = `train-${String(from / shardRows).padStart(6, "0")}.tar`;
      await folder.write(path, async (append) => {
        const rows = source.pngs(from, Math.min(from + shardRows, source.length));
        for await (const some of rows) await append(Buffer.concat(entries(some)));
        await append(new Uint8Array(2 * block));
      });
    }
  },
  open: `import glob, webdataset

shards = sorted(glob.glob("FOLDER/train-*.tar"))
data = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("png", "cls", "json")
image, label, more = next(iter(data))  # more["logits"], where there are any`,
  // The logits of the .json files are in no records: readers of Croissant take JSON out of archives whole or not at all.
  describe: (_, files) => {
    const archives = files.filter(isArchive);
    const field = (name: string, dataType: string, from: string, fileProperty: string) => ({
      name,
      dataType,
      files: from,
      extract: { fileProperty },
    });
    return {
      distribution: [
        fileSet("png-files", "*.png", "image/png", archives),
        fileSet("cls-files", "*.cls", "text/plain", archives),
      ],
      recordSet: [
        recordSetOf("images", [
          field("path", "sc:Text", "png-files", "filename"),
          field("image", "sc:ImageObject", "png-files", "content"),
        ]),
        recordSetOf("labels", [
          field("path", "sc:Text", "cls-files", "filename"),
          field("label", "sc:Integer", "cls-files", "content"),
        ]),
      ],
    };
  },
};
