import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";

/** The images of a part of the data ("train" or "test"), class by class in the order of the names. */
export interface Listing {
  readonly classes: readonly string[];
  /** Paths of all images, sorted by class and then by name. */
  readonly files: readonly string[];
  /** Class index of every file. */
  readonly labels: Int32Array;
  /** Files that were passed over because their ending is not that of an image. */
  readonly ignored: readonly string[];
}

/** What counts as an image. BMP and HEIC are here to be refused by name rather than overlooked. */
const endings = /\.(jpe?g|jfif|png|webp|gif|tiff?|avif|heic|heif|bmp)$/i;

const codeUnitOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Names in a folder that are not hidden, in an order that is the same on every machine. */
const namesIn = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new DistilleryError("DATA", `${folder}: cannot be listed; check that it is a folder you may read`, { cause });
  });
  return names.filter((name) => !name.startsWith(".")).sort(codeUnitOrder);
};

/** Whether a path is a folder; links are followed, what does not exist is none. */
export const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

const list = async (folder: string): Promise<Listing> => {
  const classes: string[] = [];
  const files: string[] = [];
  const labels: number[] = [];
  const ignored: string[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (!(await isFolder(path))) {
      ignored.push(path);
      continue;
    }
    const names = await namesIn(path);
    const images = names.filter((file) => endings.test(file));
    if (images.length === 0) {
      throw new DistilleryError(
        "DATA",
        `${path}: class "${name}" has no image directly in its folder; add some, or remove the folder`,
      );
    }
    for (const file of images) {
      files.push(join(path, file));
      labels.push(classes.length);
    }
    ignored.push(...names.filter((file) => !endings.test(file)).map((file) => join(path, file)));
    classes.push(name);
  }
  if (classes.length === 0) {
    throw new DistilleryError(
      "DATA",
      `${folder}: has no class folders; expected ${join(folder, "<class>")} with images`,
    );
  }
  return { classes, files, labels: Int32Array.from(labels), ignored };
};

const quoted = (names: readonly string[]): string => {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
};

const layout = "expected train/<class>/ and test/<class>/ (or val/<class>/)";

/** The sub-folders that hold the training and the test images; test/ goes before val/. */
const partsOf = async (path: string): Promise<{ train: string; test: string }> => {
  if (!(await isFolder(path))) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    throw new DistilleryError(
      "DATA",
      exists ? `${path}: is a file, not a folder of images; ${layout}` : `${path}: no such folder; ${layout}`,
    );
  }
  const has = async (name: string): Promise<string | undefined> =>
    (await isFolder(join(path, name))) ? join(path, name) : undefined;
  const train = await has("train");
  const test = (await has("test")) ?? (await has("val"));
  if (train && test) return { train, test };
  const lacks = train ? "neither test/ nor val/" : test ? "no train/" : "neither train/ nor test/ or val/";
  const found = quoted(await namesIn(path)) || "nothing";
  throw new DistilleryError("DATA", `${path}: has ${lacks}; ${layout}, found ${found}`);
};

/** Lists `train/<class>/*` and `test/<class>/*` (or `val/`) of a folder; both must have the same classes. Throws DATA. */
export const listImages = async (path: string): Promise<{ readonly train: Listing; readonly test: Listing }> => {
  const parts = await partsOf(path);
  const train = await list(parts.train);
  const test = await list(parts.test);
  const onlyIn = (one: Listing, other: Listing): string[] =>
    one.classes.filter((name) => !other.classes.includes(name));
  const differences = [
    { names: onlyIn(train, test), where: parts.train },
    { names: onlyIn(test, train), where: parts.test },
  ].filter(({ names }) => names.length > 0);
  if (differences.length > 0) {
    const said = differences.map(({ names, where }) => `only ${where} has ${quoted(names)}`).join("; ");
    throw new DistilleryError(
      "DATA",
      `${path}: training and test images have different classes: ${said}; give both the same`,
    );
  }
  return { train, test };
};
