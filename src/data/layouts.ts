import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { exists } from "../support/files.ts";
import { checkSameClasses, isFolder, type Listed, listClassFolders, namesIn, quoted } from "./image-listing.ts";
import { findImageNet, listImageNet } from "./imagenet.ts";
import { howToGet } from "./publishers.ts";
import { isTinyImageNet, listTinyImageNet } from "./tiny-imagenet.ts";

const layout = "expected train/<class>/ and test/<class>/ (or val/<class>/)";

/** The sub-folders that hold the training and the test images; test/ goes before val/. */
const partsOf = async (path: string): Promise<{ train: string; test: string }> => {
  const has = async (name: string): Promise<string | undefined> =>
    (await isFolder(join(path, name))) ? join(path, name) : undefined;
  const train = await has("train");
  const test = (await has("test")) ?? (await has("val"));
  if (train && test) return { train, test };
  const lacks = train ? "neither test/ nor val/" : test ? "no train/" : "neither train/ nor test/ or val/";
  const found = quoted(await namesIn(path)) || "nothing";
  throw new DistilleryError("DATA", `${path}: has ${lacks}; ${layout}, found ${found}`);
};

/** One's own images: `train/<class>/*` and `test/<class>/*` (or `val/`); both must have the same classes. */
const listOwn = async (path: string): Promise<Listed> => {
  const parts = await partsOf(path);
  const train = await listClassFolders(parts.train);
  const test = await listClassFolders(parts.test);
  checkSameClasses(path, { classes: train.classes, where: parts.train }, { classes: test.classes, where: parts.test });
  return { train, test };
};

const checkFolder = async (path: string): Promise<void> => {
  if (await isFolder(path)) return;
  throw new DistilleryError(
    "DATA",
    (await exists(path))
      ? `${path}: is a file, not a folder of images; ${layout}`
      : `${path}: no such folder; ${layout}${howToGet(path)}`,
  );
};

/** Lists the images of a folder by the layout it is found to have: Tiny-ImageNet's, ImageNet's, or one's own. Throws DATA. */
export const listImages = async (path: string): Promise<Listed> => {
  await checkFolder(path);
  if (await isTinyImageNet(path)) return listTinyImageNet(path);
  const imageNet = await findImageNet(path);
  if (imageNet !== undefined) return listImageNet(path, imageNet);
  return listOwn(path);
};
