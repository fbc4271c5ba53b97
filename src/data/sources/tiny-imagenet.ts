// Tiny-ImageNet as its archive unpacks.
import { join } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import { exists } from "../../support/files.ts";
import { hasFolders, isFolder } from "../files/folder-entries.ts";
import { checkSameClasses, type Listed, type Listing, listClassFolders, listLike } from "../files/image-listing.ts";
import { type FileLabel, listLabelled } from "../files/labelled-files.ts";
import { linesOf, readWords } from "./imagenet/wordnet.ts";

/** The parts by path, with the content of each. */
const parts = {
  wnids: { path: "wnids.txt", holds: "the classes" },
  train: { path: "train", holds: "train/<wnid>/images/*.JPEG" },
  val: { path: "val", holds: "the validation images" },
  images: { path: "val/images", holds: "the validation images" },
  annotations: { path: "val/val_annotations.txt", holds: "the class of each validation image" },
} as const;

const again = "unpack http://cs231n.stanford.edu/tiny-imagenet-200.zip again, or repair that part";

/** True for a folder that is laid out as Tiny-ImageNet's archive is, maybe with a part missing. */
export const isTinyImageNet = async (path: string): Promise<boolean> =>
  (await exists(join(path, parts.wnids.path))) || (await exists(join(path, parts.annotations.path)));

const lacks = (path: string, part: keyof typeof parts, has: string): DistilleryError => {
  const { path: name, holds } = parts[part];
  return new DistilleryError(
    "DATA",
    `${path}: has ${has} and so looks like Tiny-ImageNet, but lacks ${name} (${holds}); ${again}`,
  );
};

/** Lines `val_0.JPEG <tab> n03444034 <tab> box`. */
const readAnnotations = async (path: string): Promise<FileLabel[]> => {
  const file = join(path, parts.annotations.path);
  const lines = await linesOf(file);
  if (lines === undefined) throw lacks(path, "annotations", `${parts.images.path}/`);
  return lines.map(({ text, number }) => {
    const [name, wnid] = text.split("\t");
    const where = `${file}, line ${number}`;
    if (name === undefined || wnid === undefined) {
      throw new DistilleryError(
        "DATA",
        `${where}: expected a file name, a tab and a class such as "val_0.JPEG\tn03444034", got "${text.slice(0, 60)}"; ${again}`,
      );
    }
    return { file: name, wnid, where };
  });
};

/** The validation images, flat with their list as published, or sorted into class folders as many tools want them. */
const listValidation = async (path: string, train: Listing): Promise<Listing> => {
  const folder = join(path, parts.val.path);
  if (!(await isFolder(folder))) throw lacks(path, "val", parts.wnids.path);
  const images = join(path, parts.images.path);
  if (await isFolder(images)) return listLabelled(images, await readAnnotations(path), train.classes, again);
  if (await hasFolders(folder)) return listLike(path, { ...train, where: join(path, parts.train.path) }, folder);
  throw lacks(path, "images", parts.wnids.path);
};

/**
 * Tiny-ImageNet (Le & Yang 2015) as its archive unpacks, or some of its classes in the same layout: wnids.txt, words.txt,
 * train/<wnid>/images/ and val/images/ with val/val_annotations.txt. Classes are the identifiers, sorted, as elsewhere; the
 * images of test/ have no published labels and are not used. Throws DATA.
 */
export const listTinyImageNet = async (path: string): Promise<Listed> => {
  const listed = await linesOf(join(path, parts.wnids.path));
  if (listed === undefined) throw lacks(path, "wnids", parts.annotations.path);
  const trainFolder = join(path, parts.train.path);
  if (!(await isFolder(trainFolder))) throw lacks(path, "train", parts.wnids.path);
  const train = await listClassFolders(trainFolder);
  checkSameClasses(
    path,
    { classes: listed.map(({ text }) => text), where: parts.wnids.path },
    { classes: train.classes, where: `${parts.train.path}/` },
  );
  const words = await readWords(join(path, "words.txt"), train.classes);
  return { train, test: await listValidation(path, train), ...(words && { words }) };
};
