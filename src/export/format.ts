// The record of an export format.
import type { Description } from "./croissant.ts";
import type { ExportedFile, ExportFolder } from "./export-folder.ts";
import type { ExportSource } from "./source.ts";

/** A way to write the training images of a set for other programs. */
export interface ExportFormat {
  /** Its word after --to. */
  readonly name: string;
  /** A line for the help. */
  readonly about: string;
  /** PNG files, rounded to 8 bits, or floats as students see them. */
  readonly pixels: "png" | "float32";
  /** A pattern of the files that `load_dataset` takes, relative to the export's folder. */
  readonly dataFiles: string;
  /** The folders of the classes, where the format has such. */
  readonly classFolders?: (classes: readonly string[]) => readonly string[];
  /** Writes all files of data; README.md, class_index.json and croissant.json are not its own. */
  readonly write: (source: ExportSource, folder: ExportFolder) => Promise<void>;
  /** Lines of Python that open it, for the card; FOLDER stands for the export's folder. */
  readonly open: string;
  /** Fields of the card's front matter beside those of every export. */
  readonly cardFields?: (source: ExportSource, folder: ExportFolder) => Readonly<Record<string, unknown>>;
  /** The files and records of croissant.json beside a FileObject for each listed file. */
  readonly describe: (source: ExportSource, files: readonly ExportedFile[]) => Description;
}
