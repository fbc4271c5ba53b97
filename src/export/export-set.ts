// Writing an export, whole or not at all.
import { lstat, readdir, rename, rm, rmdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Device } from "../runtime/index.ts";
import type { DistilledSet } from "../sets/set.ts";
import { stagingFor, sweepOwn } from "../sets/staging.ts";
import { DistilleryError, reasonOf } from "../support/errors.ts";
import { diskError, makeFolder, toJson } from "../support/files.ts";
import { type Progress, silent } from "../support/work/progress.ts";
import { cardOf, summaryOf, titleOf } from "./card.ts";
import { croissantOf } from "./croissant.ts";
import { type ExportedFile, exportFolder } from "./export-folder.ts";
import type { ExportFormat } from "./format.ts";
import { exportFormatOf } from "./registry.ts";
import { type ExportSource, openSource } from "./source.ts";

export interface ExportOptions {
  readonly set: DistilledSet;
  /** The name of a format of `exportFormats`. */
  readonly to: string;
  /** A folder that is not there, or empty. */
  readonly out: string;
  /** Decodes the images; by default the CPU, on a thread of its own. */
  readonly device?: Device;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface Exported {
  readonly folder: string;
  readonly format: string;
  /** Distinct images, each written once. */
  readonly images: number;
  readonly classes: number;
  /** True where the logits of the teachers are there beside the labels. */
  readonly logits: boolean;
  /** Largest distance of a value from the 8 bits of its PNG, in grey levels of 255; absent where images are floats. */
  readonly rounding?: number;
  /** Bytes of all files. */
  readonly bytes: number;
  /** All files but the single images of `imagefolder`. */
  readonly files: readonly ExportedFile[];
}

/** Checks that an export may be written to a folder. @throws USAGE where something is there, or it cannot be listed. */
export const checkExportPlace = async (out: string): Promise<void> => {
  const found = await lstat(out).catch(() => undefined);
  if (found === undefined) return;
  const inside = await readdir(out).catch(reasonOf);
  if (found.isDirectory() && inside.length === 0) return;
  const what = typeof inside === "string" ? `cannot be listed (${inside})` : "is not empty";
  throw new DistilleryError(
    "USAGE",
    `${out} is there and ${found.isDirectory() ? what : "is not a folder"}; choose another --out, or move it elsewhere`,
  );
};

/** class_index.json: the classes by their labels, their words and folders where they have such. */
const classIndex = ({ manifest }: ExportSource, { classFolders }: ExportFormat) => {
  const folders = classFolders?.(manifest.classes);
  return manifest.classes.map((name, index) => ({
    index,
    name,
    ...(manifest.words && { words: manifest.words[index] }),
    ...(folders && { folder: folders[index] }),
  }));
};

const writeInto = async (staging: string, source: ExportSource, format: ExportFormat) => {
  const folder = exportFolder(staging);
  const text = (path: string, content: string): Promise<void> =>
    folder.write(path, (append) => append(new TextEncoder().encode(content)));
  await format.write(source, folder);
  const description = format.describe(source, folder.files);
  await text("README.md", cardOf(source, format, folder));
  await text("class_index.json", toJson(classIndex(source, format)));
  const title = titleOf(source);
  await text("croissant.json", toJson(croissantOf(source, title, summaryOf(source), folder.files, description)));
  return folder;
};

/**
 * Writes the training images of a set, decoded, with labels, card and descriptions into a folder, whole or not at all:
 * everything goes into a hidden sibling, which is renamed into place. Each distinct image is written once, in the set's order.
 * @throws DistilleryError USAGE (unknown format, a folder that is not empty), DISK, INTERRUPTED.
 */
export const exportSet = async ({ set, to, out, device, ...context }: ExportOptions): Promise<Exported> => {
  const format = exportFormatOf(to);
  await checkExportPlace(out);
  const target = resolve(out);
  const staging = stagingFor(target, "writing");
  await sweepOwn(target, "writing");
  const title = `export to ${format.name}`;
  const { source, close } = await openSource(set, device, title, { ...context, progress: context.progress ?? silent });
  try {
    await makeFolder(staging);
    const { files, bytes } = await writeInto(staging, source, format);
    // Somebody may have put something there meanwhile.
    await checkExportPlace(out);
    await rmdir(target).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT") throw cause;
    });
    await rename(staging, target);
    return {
      folder: out,
      format: format.name,
      images: source.length,
      classes: set.manifest.classes.length,
      logits: source.hasLogits,
      ...(format.pixels === "png" && { rounding: source.rounding }),
      bytes,
      files,
    };
  } catch (cause) {
    await rm(staging, { recursive: true, force: true });
    throw cause instanceof DistilleryError ? cause : diskError(out, cause);
  } finally {
    await close();
  }
};
