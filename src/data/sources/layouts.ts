// Recognition of a folder's layout: the user's own, Tiny-ImageNet's or ImageNet's.
import { join } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import { exists } from "../../support/files.ts";
import { howToGet } from "../download/publishers.ts";
import { entriesOf, isFolder, namesIn } from "../files/folder-entries.ts";
import { checkSameClasses, inOrderOf, type Listed, listClassFolders, quoted } from "../files/image-listing.ts";
import { findImageNet, listImageNet } from "./imagenet/imagenet.ts";
import { aboutFile, aboutFolder } from "./lookalikes.ts";
import { isTinyImageNet, listTinyImageNet } from "./tiny-imagenet.ts";

const layout = "expected train/<class>/ and test/<class>/ (or val/<class>/)";

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
  throw new DistilleryError("DATA", `${path}: has ${lacks}; ${layout}, found ${found}`);
};

/** One's own images: `train/<class>/*` and `test/<class>/*` (or `val/`); both must have the same classes. */
const listOwn = async (path: string): Promise<Listed> => {
  const { train, test, note } = await partsOf(path);
  const training = await listClassFolders(train);
  const testing = await listClassFolders(test);
  checkSameClasses(path, { classes: training.classes, where: train }, { classes: testing.classes, where: test });
  return { train: training, test: inOrderOf(training.classes, testing), ...(note !== undefined && { note }) };
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

const listByLayout = async (path: string): Promise<Listed> => {
  if (await isTinyImageNet(path)) return listTinyImageNet(path);
  const imageNet = await findImageNet(path);
  if (imageNet !== undefined) return listImageNet(path, imageNet);
  return listOwn(path);
};

/**
 * Lists the images of a folder by the layout it is found to have: Tiny-ImageNet's, ImageNet's, or one's own. Throws
 * DATA, also for a single class.
 */
export const listImages = async (path: string): Promise<Listed> => {
  await checkFolder(path);
  const listed = await listByLayout(path);
  const { classes } = listed.train;
  if (classes.length < 2) {
    throw new DistilleryError(
      "DATA",
      `${path}: has one class only, ${quoted(classes)}; a classifier needs two or more, each in a folder of its own`,
    );
  }
  return listed;
};
