// A folder of PNG files for each class, as torchvision's ImageFolder opens it.
import { classFolders } from "../class-folders.ts";
import { fileSet, labelFields, recordSetOf } from "../croissant.ts";
import type { ExportFormat } from "../format.ts";
import { type Column, labelColumns, writeParquet } from "../parquet.ts";
import type { PngRows } from "../source.ts";

const metadata = "train/metadata.parquet";

/** Files that are written side by side. */
const together = 64;

export const imagefolder: ExportFormat = {
  name: "imagefolder",
  about: "train/<label>_<class>/*.png for torchvision's ImageFolder, with the labels in metadata.parquet",
  pixels: "png",
  dataFiles: "train/**",
  classFolders,
  write: async (source, folder) => {
    const folders = classFolders(source.manifest.classes);
    const fileOf = (row: number): string => `${folders[source.labels[row]!]!}/${source.nameOf(row)}.png`;
    for (const name of folders) await folder.make(`train/${name}`);
    async function* written(): AsyncGenerator<PngRows> {
      for await (const rows of source.pngs(0, source.length)) {
        for (let i = 0; i < rows.length; i += together) {
          const some = rows.pngs.slice(i, i + together);
          await Promise.all(some.map((png, j) => folder.add(`train/${fileOf(rows.from + i + j)}`, png)));
        }
        yield rows;
      }
    }
    const fileName: Column = {
      name: "file_name",
      schema: [{ name: "file_name", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" }],
      values: ({ from, length }) => Array.from({ length }, (_, i) => fileOf(from + i)),
    };
    await writeParquet(folder, metadata, [fileName, ...labelColumns(source)], written());
  },
  open: `from torchvision.datasets import ImageFolder

data = ImageFolder("FOLDER/train")  # labels as in class_index.json
image, label = data[0]
# or, with the logits: datasets.load_dataset("FOLDER", split="train")`,
  describe: ({ hasLogits }) => ({
    distribution: [
      fileSet("png-files", "train/*/*.png", "image/png"),
      fileSet("parquet-files", metadata, "application/x-parquet"),
    ],
    recordSet: [
      recordSetOf("images", [
        { name: "path", dataType: "sc:Text", files: "png-files", extract: { fileProperty: "fullpath" } },
        { name: "image", dataType: "sc:ImageObject", files: "png-files", extract: { fileProperty: "content" } },
      ]),
      recordSetOf("labels", [
        { name: "file_name", dataType: "sc:Text", files: "parquet-files", extract: { column: "file_name" } },
        ...labelFields("parquet-files", hasLogits),
      ]),
    ],
  }),
};
