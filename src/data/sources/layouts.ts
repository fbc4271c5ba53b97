// Recognition of a folder's layout: the user's own, Tiny-ImageNet's or ImageNet's.
import { join } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import { exists } from "../../support/files.ts";
import { stream } from "../../support/random.ts";
import { howToGet } from "../download/publishers.ts";
import { entriesOf, isFolder, isImageName, namesIn } from "../files/folder-entries.ts";
import { type Listed, listClassFolders, listLike, quoted, selected } from "../files/image-listing.ts";
import { heldOut } from "../split.ts";
import { findImageNet, listImageNet } from "./imagenet/imagenet.ts";
import { aboutFile, aboutFolder } from "./lookalikes.ts";
import { isTinyImageNet, listTinyImageNet } from "./tiny-imagenet.ts";

const layout = "expected train/<class>/ and test/<class>/ (or val/<class>/)";

/** The images to test by, of a folder that has none set apart: a fraction of every class, drawn by a seed. */
export interface Held {
  readonly fraction: number;
  readonly seed: number;
}

interface Parts {
  readonly train: string;
  readonly test: string;
  readonly note?: string;
}

const classesIn = async (folder: string): Promise<string[]> =>
  (await entriesOf(folder)).flatMap(({ name, kind }) => (kind === "folder" ? name.normalize("NFC") : []));

const shareClass = async (one: string, other: string): Promise<boolean> => {
  const classes = new Set(await classesIn(one));
  return (await classesIn(other)).some((name) => classes.has(name));
};

/**
 * The sub-folders that hold the training and the test images; test/ goes before val/ unless its images lie flat, or in
 * other folders than those of classes, for want of labels.
 */
const partsOf = async (path: string): Promise<Parts> => {
  const has = async (name: string): Promise<string | undefined> =>
    (await isFolder(join(path, name))) ? join(path, name) : undefined;
  const [train, test, val] = [await has("train"), await has("test"), await has("val")];
  if (train && test && val) {
    if ((await shareClass(train, test)) || !(await shareClass(train, val))) {
      return { train, test, note: `${val} is not read: the test images are those of ${test}` };
    }
    return {
      train,
      test: val,
      note: `${test} has no class of ${train} and is not read: the test images are those of ${val}`,
    };
  }
  const either = test ?? val;
  if (train && either) return { train, test: either };
  const about = await aboutFolder(path);
  if (about !== undefined) throw new DistilleryError("DATA", `${path}: ${about}`);
  const lacks = train ? "neither test/ nor val/" : either ? "no train/" : "neither train/ nor test/ or val/";
  const found = quoted(await namesIn(path)) || "nothing";
  const undivided = train ? "train/" : !either && (await holdsClasses(path)) ? "these" : undefined;
  const way = undivided && `; to hold a fifth of ${undivided} out as test images, add --test 0.2`;
  throw new DistilleryError("DATA", `${path}: has ${lacks}; ${layout}, found ${found}${way ?? ""}`);
};

/** True where one of the first folders in a folder has an image, as the folder of a class has. */
const holdsClasses = async (path: string): Promise<boolean> => {
  for (const name of (await classesIn(path)).slice(0, 20)) {
    const inside = await entriesOf(join(path, name)).catch(() => []);
    if (inside.some(({ name: file, kind }) => kind === "file" && isImageName(file))) return true;
  }
  return false;
};

/** One's own images without any to test by, `<class>/*` or `train/<class>/*`: a part of every class is held out. */
const listHeld = async (path: string, { fraction, seed }: Held): Promise<Listed> => {
  const train = join(path, "train");
  const where = (await isFolder(train)) ? train : path;
  const listing = await listClassFolders(where);
  const counts = new Int32Array(listing.classes.length);
  for (const label of listing.labels) counts[label]!++;
  const single = counts.indexOf(1);
  if (single >= 0) {
    throw new DistilleryError(
      "DATA",
      `${where}: class "${listing.classes[single]}" has one image, so that none can be held out by --test ${fraction}; add another, or remove the folder`,
    );
  }
  const strata = { count: counts.length, of: (label: number) => [label] };
  const held = heldOut(listing, { strata }, fraction, stream(seed, "test"));
  return {
    train: selected(listing, held, 0),
    test: { ...selected(listing, held, 1), ignored: { count: 0 } },
    note: `${held.filter((flag) => flag === 1).length} of ${held.length} images of ${where} are held out as test images`,
  };
};

/** One's own images: `train/<class>/*` and `test/<class>/*` (or `val/`); both must have the same classes. */
const listOwn = async (path: string): Promise<Listed> => {
  const { train, test, note } = await partsOf(path);
  const training = await listClassFolders(train);
  const testing = await listLike(path, { ...training, where: train }, test);
  return { train: training, test: testing, ...(note !== undefined && { note }) };
};

const checkFolder = async (path: string): Promise<void> => {
  if (await isFolder(path)) return;
  throw new DistilleryError(
    "DATA",
    (await exists(path))
      ? `${path}: is ${await aboutFile(path)}`
      : `${path}: no such folder; ${layout}${howToGet(path)}`,
  );
};

/** True for a folder with test images of its own, from whose training images none are held out. */
export const hasTest = async (path: string): Promise<boolean> =>
  (await isFolder(join(path, "test"))) || (await isFolder(join(path, "val")));

const listByLayout = async (path: string, held: Held | undefined): Promise<Listed> => {
  if (held !== undefined) {
    if (!(await hasTest(path))) return listHeld(path, held);
    throw new DistilleryError(
      "USAGE",
      `${path}: has test images of its own, in test/ or val/; leave --test out, or give a folder without them`,
    );
  }
  if (await isTinyImageNet(path)) return listTinyImageNet(path);
  const imageNet = await findImageNet(path);
  if (imageNet !== undefined) return listImageNet(path, imageNet);
  return listOwn(path);
};

/**
 * Lists the images of a folder by the layout it is found to have: Tiny-ImageNet's, ImageNet's, or one's own, of which a part
 * is `held` out to test by where that is asked for. Throws DATA, also for a single class, and USAGE where nothing is to be
 * held.
 */
export const listImages = async (path: string, held?: Held): Promise<Listed> => {
  await checkFolder(path);
  const listed = await listByLayout(path, held);
  const { classes } = listed.train;
  if (classes.length < 2) {
    throw new DistilleryError(
      "DATA",
      `${path}: has one class only, ${quoted(classes)}; a classifier needs two or more, each in a folder of its own`,
    );
  }
  return listed;
};
