// ImageNet as its publishers lay it out.
import { basename, join, resolve } from "node:path";
import { DistilleryError } from "../../../support/errors.ts";
import { hasFolders, isFolder, isImageName, namesIn } from "../../files/folder-entries.ts";
import { type Listed, type Listing, listClassFolders, listLike, quoted } from "../../files/image-listing.ts";
import { listLabelled } from "../../files/labelled-files.ts";
import { imagenetNormalisation } from "../../normalisation.ts";
import { readGroundTruth } from "./imagenet-truth.ts";
import { isWnid, readWords } from "./wordnet.ts";

/** Folders that may hold train/ and val/: the top, or those in which Kaggle packs them. */
const roots = ["", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC"] as const;

/**
 * The folder with train/ and val/ if a path is laid out as ImageNet is: classes of the training images are WordNet
 * identifiers, and there are no test images with classes, which would go before val/ in a folder of one's own.
 */
export const findImageNet = async (path: string): Promise<string | undefined> => {
  for (const root of roots) {
    const train = join(path, root, "train");
    if (!(await isFolder(train))) continue;
    const names = await namesIn(train);
    const ids = names.filter((name) => isWnid(name.replace(/\.tar$/, "")));
    if (ids.length > 0 && ids.length === names.length && !(await hasFolders(join(path, root, "test")))) {
      return join(path, root);
    }
  }
  return undefined;
};

/** Folders that may hold lists: beside the images, above them as Kaggle packs them, or in the devkit unpacked there. */
const listPlaces = (path: string, root: string): string[] => {
  const kaggle = basename(resolve(root)) === "CLS-LOC" ? [join(root, "../.."), join(root, "../../..")] : [];
  const tops = [path, root, join(root, "val"), ...kaggle];
  const inside = ["", "data", "devkit/data", "ILSVRC2012_devkit_t12/data"];
  return [...new Set(tops.flatMap((top) => inside.map((place) => join(top, place))))];
};

const listTrain = async (root: string): Promise<Listing> => {
  const folder = join(root, "train");
  const archives = (await namesIn(folder)).filter((name) => name.endsWith(".tar"));
  if (archives[0] !== undefined) {
    throw new DistilleryError(
      "DATA",
      `${folder}: holds ${archives[0]}${archives.length > 1 ? ` and ${archives.length - 1} more archives` : ""}; unpack each into a folder of its name, e.g. train/${archives[0].slice(0, 9)}/*.JPEG, and remove it`,
    );
  }
  return listClassFolders(folder);
};

const listValidation = async (root: string, train: Listing, places: readonly string[]): Promise<Listing> => {
  const folder = join(root, "val");
  if (!(await isFolder(folder))) {
    throw new DistilleryError(
      "DATA",
      `${root}: has train/<wnid>/ and so looks like ImageNet, but lacks val/ (the validation images); unpack ILSVRC2012_img_val.tar into ${folder}, found ${quoted(await namesIn(root))}`,
    );
  }
  if (await hasFolders(folder)) {
    return listLike(root, { ...train, where: join(root, "train") }, folder);
  }
  const names = (await namesIn(folder)).filter(isImageName);
  if (names.length === 0) {
    throw new DistilleryError(
      "DATA",
      `${folder}: holds no images and no class folders; unpack ILSVRC2012_img_val.tar there`,
    );
  }
  const truth = await readGroundTruth(places, folder);
  const advice =
    "the list, val/ and train/ must be of the same classes and images: unpack again what is not whole, or sort the images into val/<wnid>/";
  return listLabelled(folder, truth, train.classes, advice);
};

const findWords = async (places: readonly string[], classes: readonly string[]): Promise<string[] | undefined> => {
  for (const name of ["LOC_synset_mapping.txt", "words.txt", "map_clsloc.txt"]) {
    for (const place of places) {
      const words = await readWords(join(place, name), classes);
      if (words !== undefined) return words;
    }
  }
  return undefined;
};

/**
 * ImageNet-1k (ILSVRC 2012), or some of its classes: train/<wnid>/ and val/, the latter in class folders or flat with a
 * ground truth (see `readGroundTruth`). Classes are the identifiers, sorted, and colours are normalised, as published networks
 * expect them. Throws DATA.
 */
export const listImageNet = async (path: string, root: string): Promise<Listed> => {
  const places = listPlaces(path, root);
  const train = await listTrain(root);
  const test = await listValidation(root, train, places);
  const words = await findWords(places, train.classes);
  return { train, test, ...(words && { words }), normalisation: imagenetNormalisation };
};
