// The Croissant description of an export: JSON-LD of its files and records.
// https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html
import type { ExportedFile } from "./export-folder.ts";
import type { ExportSource } from "./source.ts";

type Node = Readonly<Record<string, unknown>>;

/** The nodes of the files and records of one format. */
export interface Description {
  readonly distribution: readonly Node[];
  readonly recordSet: readonly Node[];
}

/** The names of the specification, short for the addresses that they stand for. */
const context = {
  "@language": "en",
  "@vocab": "https://schema.org/",
  citeAs: "cr:citeAs",
  column: "cr:column",
  conformsTo: "dct:conformsTo",
  cr: "http://mlcommons.org/croissant/",
  rai: "http://mlcommons.org/croissant/RAI/",
  data: { "@id": "cr:data", "@type": "@json" },
  dataType: { "@id": "cr:dataType", "@type": "@vocab" },
  dct: "http://purl.org/dc/terms/",
  equivalentProperty: "cr:equivalentProperty",
  examples: { "@id": "cr:examples", "@type": "@json" },
  extract: "cr:extract",
  field: "cr:field",
  fileProperty: "cr:fileProperty",
  fileObject: "cr:fileObject",
  fileSet: "cr:fileSet",
  format: "cr:format",
  includes: "cr:includes",
  isLiveDataset: "cr:isLiveDataset",
  jsonPath: "cr:jsonPath",
  key: "cr:key",
  md5: "cr:md5",
  parentField: "cr:parentField",
  path: "cr:path",
  recordSet: "cr:recordSet",
  references: "cr:references",
  regex: "cr:regex",
  repeated: "cr:repeated",
  replace: "cr:replace",
  samplingRate: "cr:samplingRate",
  sc: "https://schema.org/",
  separator: "cr:separator",
  source: "cr:source",
  subField: "cr:subField",
  transform: "cr:transform",
};

const encodings: Readonly<Record<string, string>> = {
  parquet: "application/x-parquet",
  tar: "application/x-tar",
  npz: "application/zip",
  json: "application/json",
  py: "text/x-python",
  md: "text/markdown",
};

const fileObject = ({ path, bytes, sha256 }: ExportedFile): Node => ({
  "@type": "cr:FileObject",
  "@id": path,
  name: path,
  contentUrl: path,
  contentSize: `${bytes} B`,
  encodingFormat: encodings[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
  sha256,
});

/** A field of records: the files that it is taken from, and how. */
interface Field {
  readonly name: string;
  readonly dataType: string;
  /** The identifier of a set of files. */
  readonly files: string;
  readonly extract: Node;
  readonly transform?: Node;
  /** True for a list of values. */
  readonly repeated?: true;
}

/** Records of some fields. */
export const recordSetOf = (id: string, fields: readonly Field[]): Node => ({
  "@type": "cr:RecordSet",
  "@id": id,
  field: fields.map(({ name, dataType, files, extract, transform, repeated }) => ({
    "@type": "cr:Field",
    "@id": `${id}/${name}`,
    name,
    dataType,
    ...(repeated && { repeated }),
    source: { fileSet: { "@id": files }, extract, ...(transform && { transform }) },
  })),
});

/** Files that a pattern names, in the export's folder or in archives. */
export const fileSet = (
  id: string,
  includes: string,
  encodingFormat: string,
  archives: readonly ExportedFile[] = [],
): Node => ({
  "@type": "cr:FileSet",
  "@id": id,
  ...(archives.length > 0 && { containedIn: archives.map(({ path }) => ({ "@id": path })) }),
  includes,
  encodingFormat,
});

/** Fields of the columns of `labelColumns` in parquet files. */
export const labelFields = (files: string, hasLogits: boolean): readonly Field[] => [
  { name: "label", dataType: "sc:Integer", files, extract: { column: "label" } },
  ...(hasLogits
    ? [{ name: "logits", dataType: "sc:Float", files, extract: { column: "logits" }, repeated: true } as const]
    : []),
];

/** The class names by their labels, as records of their own. */
const classRecords = (classes: readonly string[]): Node => ({
  "@type": "cr:RecordSet",
  "@id": "classes",
  key: { "@id": "classes/label" },
  field: [
    { "@type": "cr:Field", "@id": "classes/label", name: "label", dataType: "sc:Integer" },
    { "@type": "cr:Field", "@id": "classes/name", name: "name", dataType: "sc:Text" },
  ],
  data: classes.map((name, label) => ({ "classes/label": label, "classes/name": name })),
});

/** The text of croissant.json. The licence and the address are the publisher's to add. */
export const croissantOf = (
  { manifest }: ExportSource,
  title: string,
  summary: string,
  files: readonly ExportedFile[],
  { distribution, recordSet }: Description,
): Node => ({
  "@context": context,
  "@type": "sc:Dataset",
  name: title,
  description: summary,
  conformsTo: "http://mlcommons.org/croissant/1.0",
  version: "1.0.0",
  keywords: ["dataset distillation", manifest.method, manifest.data],
  distribution: [...files.map(fileObject), ...distribution],
  recordSet: [classRecords(manifest.classes), ...recordSet],
});
