// Advice on files and folders that are mistaken for a folder of images.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { archiveKind, mistakenFor } from "../../support/mistaken-for.ts";
import { isFolder, namesIn } from "../files/folder-entries.ts";
import { cifarLayouts, filesOf } from "./cifar/cifar-records.ts";

/** Files of many images at once, by their endings. */
const containers: Readonly<Record<string, string>> = {
  ".npz": "a NumPy file",
  ".npy": "a NumPy file",
  ".parquet": "a Parquet file",
  ".arrow": "an Arrow file",
  ".h5": "an HDF5 file",
  ".hdf5": "an HDF5 file",
  ".mat": "a MATLAB file",
  ".tfrecord": "a TFRecord file",
  ".pkl": "a Python pickle",
  ".pt": "a PyTorch file",
  ".pth": "a PyTorch file",
  ".csv": "a table",
  ".json": "a JSON file",
};

const isArchiveName = (name: string): boolean => /\.(zip|tar|tgz|tbz2?|txz|tar\.\w+|7z|rar)$/i.test(name);

const layout = "train/<class>/ and test/<class>/";

/** Folders below the given one that are looked into. */
const mostBelow = 20;

/** The first bytes of a regular file; none of anything else. */
const firstBytes = async (path: string, count: number): Promise<Uint8Array> => {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await file.stat()).isFile()) return new Uint8Array();
    const { buffer, bytesRead } = await file.read(new Uint8Array(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const useCifar = (name: string, where: string): string => `give --data ${name} --archive ${where}`;

/** Completes "PATH: is ..." for a file that was given as a folder of images. */
export const aboutFile = async (path: string): Promise<string> => {
  const head = await firstBytes(path, 512).catch(() => new Uint8Array());
  const published = /^cifar-(100?)-binary/.exec(basename(path));
  if (published && archiveKind(head))
    return `CIFAR-${published[1]}'s archive; ${useCifar(`cifar${published[1]}`, path)}`;
  const container = containers[extname(path).toLowerCase()];
  if (container !== undefined) {
    return `${container}, not a folder of images; write its images as files into ${layout} and give the folder`;
  }
  const archive = archiveKind(head);
  if (archive !== undefined) {
    return `${archive}, not a folder of images; unpack it and give the folder that holds ${layout}`;
  }
  const mistaken = mistakenFor(head);
  return mistaken ?? `a file, not a folder of images; give the folder that holds ${layout}`;
};

/**
 * The data set whose version for Python or MATLAB lies in a folder; CIFAR-100's is of files named train, test and meta.
 */
const otherVersion = async (path: string, names: readonly string[]): Promise<keyof typeof cifarLayouts | undefined> => {
  if (names.some((name) => /^data_batch_1(\.mat)?$/.test(name))) return "cifar10";
  const parts = ["train", "test", "meta"];
  const isOfPython = parts.every((part) => names.includes(part)) && !(await isFolder(join(path, "train")));
  return isOfPython || parts.every((part) => names.includes(`${part}.mat`)) ? "cifar100" : undefined;
};

/**
 * Says what a folder of these names is, if it holds the files of a data set that is published in another form.
 */
const publishedAs = async (path: string, names: readonly string[]): Promise<string | undefined> => {
  for (const published of Object.values(cifarLayouts)) {
    if (filesOf(published).every((name) => names.includes(name))) {
      return `holds ${published.title} in its binary version; ${useCifar(published.name, path)}`;
    }
  }
  const other = await otherVersion(path, names);
  if (other !== undefined) {
    return `holds ${cifarLayouts[other].title} in another version than the binary one, which alone is read; get that with \`distillery data ${other} --download\` and give --data ${other}`;
  }
  const idx = names.find((found) => /idx[13]-ubyte/.test(found));
  return idx && `holds ${idx} in the format of MNIST, which is not read; write its images as files into ${layout}`;
};

/**
 * Completes "PATH: ..." for a folder that has not the parts of a folder of images: a published data set of another
 * form, also one folder further down, or archives that are still to be unpacked. Undefined where it is none of these.
 */
export const aboutFolder = async (path: string): Promise<string | undefined> => {
  const names = await namesIn(path);
  const here = await publishedAs(path, names);
  if (here !== undefined) return here;
  // The content of an archive often lies in a folder of its name.
  for (const name of names.slice(0, mostBelow)) {
    const below = join(path, name);
    if (!(await isFolder(below))) continue;
    if (!names.includes("train") && (await isFolder(join(below, "train")))) {
      return `has no train/ itself, but ${name}/ has; give --data ${below}`;
    }
    const found = /^cifar/.test(name) ? await publishedAs(below, await namesIn(below)) : undefined;
    if (found !== undefined) return `has ${name}/, which ${found}`;
  }
  const archive = names.find(isArchiveName);
  return archive && `holds the archive ${archive}; unpack it there, so that there are ${layout}`;
};
