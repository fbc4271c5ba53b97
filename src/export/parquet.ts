// Parquet files that Hugging Face's libraries know the columns of.
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import type { ExportFolder } from "./export-folder.ts";
import type { ExportSource, PngRows } from "./source.ts";

/** A column: its place in the file, what Hugging Face calls its type, and its values in some rows. */
export interface Column {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  /** The type in the file's own metadata, which the libraries read; absent for a column that is none to them. */
  readonly feature?: object;
  readonly options?: Partial<ColumnSource>;
  readonly values: (rows: PngRows) => ColumnSource["data"];
}

/**
 * The label and, where there are any, the logits of each row. Columns are optional, though no value is missing: those of
 * Hugging Face are, and the features of others are not believed.
 */
export const labelColumns = ({ manifest, hasLogits }: ExportSource): readonly Column[] => {
  const C = manifest.classes.length;
  const label: Column = {
    name: "label",
    schema: [{ name: "label", type: "INT64", repetition_type: "OPTIONAL" }],
    feature: { names: manifest.classes, _type: "ClassLabel" },
    values: ({ labels }) => BigInt64Array.from(labels, BigInt),
  };
  const logits: Column = {
    name: "logits",
    schema: [
      { name: "logits", converted_type: "LIST", repetition_type: "OPTIONAL", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "OPTIONAL" },
    ],
    feature: { feature: { dtype: "float32", _type: "Value" }, _type: "List" },
    options: { encoding: "PLAIN", statistics: false },
    values: ({ length, logits }) => Array.from({ length }, (_, i) => Array.from(logits!.subarray(i * C, (i + 1) * C))),
  };
  return hasLogits ? [label, logits] : [label];
};

/** The value of the key `huggingface` of a file's metadata: the types of its columns. */
const metadataOf = (features: Readonly<Record<string, object>>) => [
  { key: "huggingface", value: JSON.stringify({ info: { features } }) },
];

/** Writes rows as a parquet file, a row group for each batch. */
export const writeParquet = (
  folder: ExportFolder,
  path: string,
  columns: readonly Column[],
  batches: AsyncIterable<PngRows>,
): Promise<void> =>
  folder.write(path, async (append) => {
    const bytes = new ByteWriter();
    const flush = async (): Promise<void> => {
      await append(bytes.getBytes());
      bytes.index = 0;
    };
    const known = columns.flatMap(({ name, feature }) => (feature === undefined ? [] : [[name, feature] as const]));
    const writer = new ParquetWriter({
      writer: Object.assign(bytes, { flush }),
      schema: [{ name: "root", num_children: columns.length }, ...columns.flatMap(({ schema }) => schema)],
      kvMetadata: metadataOf(Object.fromEntries(known)),
    });
    for await (const rows of batches) {
      const columnData = columns.map(({ name, options, values }) => ({ ...options, name, data: values(rows) }));
      await writer.write({ columnData, rowGroupSize: rows.length });
    }
    await writer.finish();
    await flush();
  });
