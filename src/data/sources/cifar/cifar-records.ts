// Parsing the records in CIFAR's files.
import { DistilleryError } from "../../../support/errors.ts";
import { reasonOf } from "../../../support/files.ts";
import { decodeText } from "../../../support/text.ts";
import type { Split } from "../../dataset.ts";

const side = 32;
const pixelBytes = 3 * side * side;

/** The publisher's layout of a data set: records of label bytes followed by the planes R, G, B of a 32x32 image. */
export interface CifarLayout {
  readonly name: "cifar10" | "cifar100";
  readonly title: string;
  readonly classes: number;
  /** Bytes before the pixels; the last of them is the label (in CIFAR-100 the fine one, after the coarse one). */
  readonly labelBytes: number;
  readonly classFile: string;
  readonly trainFiles: readonly string[];
  readonly testFiles: readonly string[];
  /** Number of images in the published training and test files. */
  readonly published: { readonly train: number; readonly test: number };
}

export const cifarLayouts: Readonly<Record<"cifar10" | "cifar100", CifarLayout>> = {
  cifar10: {
    name: "cifar10",
    title: "CIFAR-10",
    classes: 10,
    labelBytes: 1,
    classFile: "batches.meta.txt",
    trainFiles: [1, 2, 3, 4, 5].map((k) => `data_batch_${k}.bin`),
    testFiles: ["test_batch.bin"],
    published: { train: 50_000, test: 10_000 },
  },
  cifar100: {
    name: "cifar100",
    title: "CIFAR-100",
    classes: 100,
    labelBytes: 2,
    classFile: "fine_label_names.txt",
    trainFiles: ["train.bin"],
    testFiles: ["test.bin"],
    published: { train: 50_000, test: 10_000 },
  },
};

/** All files that a data set consists of, by base name. */
export const filesOf = (layout: CifarLayout): string[] => [layout.classFile, ...layout.trainFiles, ...layout.testFiles];

/** No list of names comes near it. */
const mostClassBytes = 2 ** 16;

/** Bytes that a file has as published, exactly for images and at most for names of classes. */
export const publishedBytes = (
  { classFile, testFiles, trainFiles, labelBytes, published }: CifarLayout,
  name: string,
): { readonly exact: boolean; readonly most: number } => {
  if (name === classFile) return { exact: false, most: mostClassBytes };
  const [files, images] = testFiles.includes(name) ? [testFiles, published.test] : [trainFiles, published.train];
  return { exact: true, most: (images / files.length) * (labelBytes + pixelBytes) };
};

/** The error for files that are not as published. */
export const damaged = (layout: CifarLayout, where: string, what: string): DistilleryError =>
  new DistilleryError(
    "DATA",
    `${where}: ${what}; expected ${layout.title} in its binary version, unchanged: fetch it again with \`distillery data ${layout.name} --download\``,
  );

/** A split that reads its pixels straight out of the files' records: nothing is held twice. */
const splitOfRecords = (
  layout: CifarLayout,
  where: string,
  files: readonly { name: string; bytes: Uint8Array }[],
): Split => {
  const record = layout.labelBytes + pixelBytes;
  const place: { readonly bytes: Uint8Array; readonly at: number }[] = [];
  const labels: number[] = [];
  for (const { name, bytes } of files) {
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw damaged(
        layout,
        where,
        `${name} has ${bytes.length} bytes, which is no whole number of ${record}-byte records`,
      );
    }
    for (let at = 0; at < bytes.length; at += record) {
      const label = bytes[at + layout.labelBytes - 1]!;
      if (label >= layout.classes) {
        throw damaged(
          layout,
          where,
          `${name} has the label ${label} in record ${at / record}, above ${layout.classes - 1}`,
        );
      }
      labels.push(label);
      place.push({ bytes, at: at + layout.labelBytes });
    }
  }
  return {
    length: labels.length,
    labels: Int32Array.from(labels),
    read: async (indices) => {
      const out = new Uint8Array(indices.length * pixelBytes);
      for (let i = 0; i < indices.length; i++) {
        const { bytes, at } = place[indices[i]!]!;
        out.set(bytes.subarray(at, at + pixelBytes), i * pixelBytes);
      }
      return out;
    },
  };
};

export interface CifarParts {
  readonly classes: readonly string[];
  readonly train: Split;
  readonly test: Split;
}

const readText = (layout: CifarLayout, bytes: Uint8Array, where: string): string => {
  try {
    return decodeText(bytes);
  } catch (cause) {
    throw damaged(layout, where, `${layout.classFile} ${reasonOf(cause)}`);
  }
};

/**
 * Reads the files of a data set, given by base name, with any number of records each. `where` names their origin in errors.
 * Throws DATA when a file is missing or not what the layout says.
 */
export const parseCifar = (layout: CifarLayout, files: ReadonlyMap<string, Uint8Array>, where: string): CifarParts => {
  const missing = filesOf(layout).filter((name) => !files.has(name));
  if (missing.length > 0) throw damaged(layout, where, `lacks ${missing.join(", ")}`);
  const classes = readText(layout, files.get(layout.classFile)!, where)
    .split(/\s+/)
    .filter((word) => word !== "");
  if (classes.length !== layout.classes) {
    throw damaged(layout, where, `${layout.classFile} names ${classes.length} classes, not ${layout.classes}`);
  }
  const split = (names: readonly string[]): Split =>
    splitOfRecords(
      layout,
      where,
      names.map((name) => ({ name, bytes: files.get(name)! })),
    );
  return { classes, train: split(layout.trainFiles), test: split(layout.testFiles) };
};
