// Parquet files as Hugging Face's `datasets` opens them.
import { fileSet, labelFields, recordSetOf } from "../croissant.ts";
import type { ExportFormat } from "../format.ts";
import { type Column, labelColumns, writeParquet } from "../parquet.ts";
import type { ExportSource } from "../source.ts";

/** Bytes of a file, as the Hub recommends them; pixels count unpacked, so that names are known beforehand. */
const shardBytes = 500_000_000;

const rowBytes = ({ manifest, hasLogits }: ExportSource): number =>
  3 * manifest.image.height * manifest.image.width + 8 + (hasLogits ? 4 * manifest.classes.length : 0);

const imageColumn = ({ nameOf }: ExportSource): Column => ({
  name: "image",
  schema: [
    { name: "image", repetition_type: "OPTIONAL", num_children: 2 },
    { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
    { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  ],
  feature: { _type: "Image" },
  // Packed already.
  options: { codec: "UNCOMPRESSED", encoding: "PLAIN", statistics: false },
  values: ({ from, pngs }) => pngs.map((bytes, i) => ({ bytes, path: `${nameOf(from + i)}.png` })),
});

export const huggingFace: ExportFormat = {
  name: "hf",
  about: "parquet files for Hugging Face: load_dataset(DIR) gives images, class labels and logits",
  pixels: "png",
  dataFiles: "data/train-*.parquet",
  write: async (source, folder) => {
    const rows = Math.max(1, Math.floor(shardBytes / rowBytes(source)));
    const shards = Math.ceil(source.length / rows);
    const number = (shard: number): string => String(shard).padStart(5, "0");
    for (let shard = 0; shard < shards; shard++) {
      const [from, to] = [shard * rows, Math.min((shard + 1) * rows, source.length)];
      const path = `data/train-${number(shard)}-of-${number(shards)}.parquet`;
      await writeParquet(folder, path, [imageColumn(source), ...labelColumns(source)], source.pngs(from, to));
    }
  },
  open: `from datasets import load_dataset

data = load_dataset("FOLDER", split="train")
print(data.features)  # image, label and, where there are any, logits
data[0]["image"], data.features["label"].int2str(data[0]["label"])`,
  cardFields: ({ manifest, hasLogits, length }, { bytes }) => ({
    dataset_info: {
      features: [
        { name: "image", dtype: "image" },
        { name: "label", dtype: { class_label: { names: Object.fromEntries(manifest.classes.entries()) } } },
        ...(hasLogits ? [{ name: "logits", list: "float32" }] : []),
      ],
      splits: [{ name: "train", num_bytes: bytes, num_examples: length }],
      download_size: bytes,
      dataset_size: bytes,
    },
  }),
  describe: ({ hasLogits }) => ({
    distribution: [fileSet("parquet-files", "data/*.parquet", "application/x-parquet")],
    recordSet: [
      recordSetOf("train", [
        {
          name: "image",
          dataType: "sc:ImageObject",
          files: "parquet-files",
          extract: { column: "image" },
          transform: { jsonPath: "bytes" },
        },
        ...labelFields("parquet-files", hasLogits),
      ]),
    ],
  }),
};
