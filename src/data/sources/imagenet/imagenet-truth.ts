// The classes of ImageNet's validation images, from the lists of its publishers.
import { join } from "node:path";
import { mostMatBytes, readMatFile } from "../../../codecs/mat-file.ts";
import { DistilleryError } from "../../../support/errors.ts";
import { exists, readRegularFile, reasonOf } from "../../../support/files.ts";
import { isObject } from "../../../support/json.ts";
import type { FileLabel } from "../../files/labelled-files.ts";
import { isWnid, linesOf } from "./wordnet.ts";

type Lines = NonNullable<Awaited<ReturnType<typeof linesOf>>>;

interface Found {
  readonly file: string;
  readonly lines: Lines;
}

/** The first of some files that exists in one of some folders. */
const findLines = async (places: readonly string[], names: readonly string[]): Promise<Found | undefined> => {
  for (const name of names) {
    for (const place of places) {
      const file = join(place, name);
      const lines = await linesOf(file);
      if (lines !== undefined) return { file, lines };
    }
  }
  return undefined;
};

const wrongLine = (file: string, { text, number }: Lines[number], expected: string): DistilleryError =>
  new DistilleryError("DATA", `${file}, line ${number}: expected ${expected}, got "${text.slice(0, 60)}"`);

/** Kaggle's list: `ImageId,PredictionString`, then `ILSVRC2012_val_00048981,n03995372 85 1 499 272`. */
const fromSolution = ({ file, lines }: Found): FileLabel[] =>
  lines.slice(1).map((line) => {
    const [image, boxes = ""] = line.text.split(",");
    const [wnid = ""] = boxes.trim().split(" ");
    if (!isWnid(wnid)) throw wrongLine(file, line, '"ILSVRC2012_val_00048981,n03995372 85 1 499 272" or the like');
    return { file: `${image}.JPEG`, wnid, where: `${file}, line ${line.number}` };
  });

/** The identifiers that the devkit's class numbers stand for. */
interface Numbers {
  readonly file: string;
  readonly wnids: ReadonlyMap<string, string>;
}

/** From lines `n02119789 1 kit_fox`. */
const readNumbers = ({ file, lines }: Found): Numbers => ({
  file,
  wnids: new Map(
    lines.map((line) => {
      const [wnid = "", number = ""] = line.text.split(/\s+/);
      if (!isWnid(wnid) || !/^\d+$/.test(number)) throw wrongLine(file, line, '"n02119789 1 kit_fox" or the like');
      return [number, wnid];
    }),
  ),
});

/** Class numbers and identifiers in the table of a MATLAB file. @throws Error where it has none. */
const pairsOf = (bytes: Buffer): [string, string][] => {
  const rows = readMatFile(bytes).get("synsets");
  if (!Array.isArray(rows)) throw new RangeError('it has no table "synsets"');
  return rows.map((row: unknown) => {
    const { ILSVRC2012_ID: number, WNID: wnid }: Readonly<Record<string, unknown>> = isObject(row) ? row : {};
    const id: unknown = Array.isArray(number) ? number[0] : undefined;
    if (typeof id !== "number" || typeof wnid !== "string" || !isWnid(wnid)) {
      throw new RangeError("a row lacks ILSVRC2012_ID or WNID");
    }
    return [String(id), wnid];
  });
};

/** The same from the devkit's own meta.mat, whose numbers above 1000 are of groups of classes. */
const readMeta = async (places: readonly string[]): Promise<Numbers | undefined> => {
  for (const file of places.map((place) => join(place, "meta.mat"))) {
    if (!(await exists(file))) continue;
    try {
      return { file, wnids: new Map(pairsOf(await readRegularFile(file, mostMatBytes))) };
    } catch (cause) {
      throw new DistilleryError(
        "DATA",
        `${file}: cannot be read as the devkit's table of classes (${reasonOf(cause)}); unpack it again from ILSVRC2012_devkit_t12.tar.gz, or put map_clsloc.txt of a later devkit beside it`,
        { cause },
      );
    }
  }
  return undefined;
};

/** One class a line, in the order of the images' numbers: an identifier, or a number of the devkit. */
const fromTruth = (truth: Found, numbers: Numbers | undefined, folder: string): FileLabel[] => {
  const { file, lines } = truth;
  const numbered = lines.some(({ text }) => /^\d+$/.test(text));
  if (numbered && numbers === undefined) {
    throw new DistilleryError(
      "DATA",
      `${file}: gives classes as numbers (ILSVRC2012_ID), and what they stand for is not here; put the devkit's meta.mat beside it (or map_clsloc.txt of a later one, lines "n02119789 1 kit_fox"), or Kaggle's LOC_val_solution.csv, or sort the images into ${folder}/<wnid>/`,
    );
  }
  return lines.map((line, i) => {
    const wnid = isWnid(line.text) ? line.text : numbers?.wnids.get(line.text);
    if (wnid === undefined) {
      throw wrongLine(file, line, numbers ? `a class number of ${numbers.file}` : "a class such as n02119789");
    }
    const name = `ILSVRC2012_val_${String(i + 1).padStart(8, "0")}.JPEG`;
    return { file: name, wnid, where: `${file}, line ${line.number}` };
  });
};

/**
 * The classes of ImageNet's validation images, from the first of these that is found in one of `places`:
 * Kaggle's LOC_val_solution.csv; imagenet_2012_validation_synset_labels.txt, an identifier a line; the devkit's
 * ILSVRC2012_validation_ground_truth.txt with meta.mat or map_clsloc.txt, for its numbers. `folder` holds the images.
 * Throws DATA when there is none, or a line is wrong.
 */
export const readGroundTruth = async (places: readonly string[], folder: string): Promise<FileLabel[]> => {
  const solution = await findLines(places, ["LOC_val_solution.csv"]);
  if (solution) return fromSolution(solution);
  const truth = await findLines(places, [
    "imagenet_2012_validation_synset_labels.txt",
    "ILSVRC2012_validation_ground_truth.txt",
  ]);
  if (truth) {
    const numbers = await findLines(places, ["map_clsloc.txt"]);
    return fromTruth(truth, numbers ? readNumbers(numbers) : await readMeta(places), folder);
  }
  throw new DistilleryError(
    "DATA",
    `${folder}: its images lie flat, and nothing says their classes; put Kaggle's LOC_val_solution.csv, or the devkit's ILSVRC2012_validation_ground_truth.txt with meta.mat, into ${places[0]}, or sort the images into ${folder}/<wnid>/`,
  );
};
