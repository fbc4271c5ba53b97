// Advice on getting data sets that people fetch themselves.
import { basename, resolve } from "node:path";

/** Data sets that people fetch themselves: how their folders are called, and where they come from. */
const published = [
  {
    name: /tiny[-_ ]?image-?net/i,
    advice:
      "Tiny-ImageNet comes from http://cs231n.stanford.edu/tiny-imagenet-200.zip (237 MB): unpack it and give its folder, --data path/to/tiny-imagenet-200",
  },
  {
    name: /image-?net|ilsvrc/i,
    advice:
      "ImageNet-1k needs an account at https://image-net.org (ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar) or the data of Kaggle's imagenet-object-localization-challenge: unpack it to train/<wnid>/ and val/, and give its folder, --data path/to/imagenet",
  },
] as const;

/** `; ` and how to get the data set that a missing folder seems to be meant for, by its name; nothing for other names. */
export const howToGet = (source: string): string => {
  const found = published.find(({ name }) => name.test(basename(resolve(source))));
  return found === undefined ? "" : `; ${found.advice}`;
};
