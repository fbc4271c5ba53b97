import { join } from "node:path";
import sharp from "sharp";
import { filesIn } from "../../pipeline/tiny.ts";
import { type Case, command, done, doneWith, oneOf, refused } from "./case.ts";

interface Described {
  readonly classes: readonly (string | { readonly name: string })[];
  readonly normalisation: { readonly mean: readonly number[] };
}

const nameOf = (entry: Described["classes"][number]): string => (typeof entry === "string" ? entry : entry.name);

const data = ["data", "photos"] as const;
const json = [...data, "--json"] as const;
/** Six images of cat to train and two to test. */
const allCats = done(/cat\s+6 \+ 2/);

/** Mean of red, green and blue of the training images, the fourth band left out of account. */
const meanOfThree = async (folder: string): Promise<number[]> => {
  const sums = [0, 0, 0];
  let pixels = 0;
  for (const path of await filesIn(join(folder, "photos/train"))) {
    const { data: values, info } = await sharp(join(folder, "photos/train", path), { failOn: "none" })
      .raw()
      .toBuffer({ resolveWithObject: true });
    for (let at = 0; at < values.length; at += info.channels, pixels++) {
      for (const band of [0, 1, 2]) sums[band]! += values[at + band]! / 255;
    }
  }
  return sums.map((sum) => sum / pixels);
};

const fourBands: Case = async ({ folder, distillery }) => {
  const expected = await meanOfThree(folder);
  const right = doneWith<Described>(({ normalisation: { mean } }) =>
    mean.every((value, i) => Math.abs(value - expected[i]!) < 2e-3),
  );
  return oneOf(await distillery(...json), [right, refused(/\b(four|4)\b/, /bands|channels/)]);
};

const latin1: Case = async ({ shell, distillery }) => {
  await shell("tar xzf photos.tar.gz");
  return oneOf(await distillery(...data), [refused(/caf/, /UTF-8/, /rename/i), done(/caf.*6 \+ 2/, /cat\s+6 \+ 2/)]);
};

/** Data sets, by the name of the case. */
export const pictures: Readonly<Record<string, Case>> = {
  "archive-as-data": command(["data", "photos.zip"], [refused(/archive/i, /unpack|extract|unzip/i)]),
  bmp: command(data, [allCats, refused(/BMP/i, /convert/i, /JPE?G|PNG/i)], [/repair/]),
  "cifar-bin-as-data": command(
    ["data", "cifar-10-batches-bin"],
    [refused(/cifar-?10/i), done(/airplane/)],
    [/has neither train/],
  ),
  "class-order-beyond-bmp": command(json, [
    doneWith<Described>(({ classes }) => classes.map(nameOf).join() === "\uff76,\u{20bb7}"),
  ]),
  "flat-test-with-val": command(data, [
    done(/cat\s+6 \+ 2/, /val\b/),
    refused(/val\b/, /move|remove|rename|delete|sort/i),
  ]),
  "float-tiff": command(json, [
    refused(/\.tif/, /float|32.bit/i, /\b8\b|\b16\b/),
    doneWith<Described>(({ normalisation: { mean } }) => mean.every((value) => value > 0.05 && value < 0.95)),
  ]),
  "latin1-class-folder": latin1,
  "nested-class-folders": command(data, [
    allCats,
    refused(/train\/cat\/more/, /\b4\b/, /folder/i),
    done(/train\/cat\/more/, /\b4 images\b/, /folder/i),
  ]),
  "nested-only": command(data, [allCats, refused(/train\/cat\/more/, /\b6\b/, /move|level|deep/i)]),
  "ppm-class": command(data, [allCats, refused(/ppm/i, /jpe?g/i, /png/i)]),
  "resize-ignored": command(["data", "demo", "--resize", "16"], [done(/16x16/), refused(/--resize/, /folder/i)]),
  "tiff-four-bands": fourBands,
  "unicode-forms": command(data, [done(/caf\S*\s+6 \+ 2/, /dog\s+6 \+ 2/), refused(/Unicode/i)]),
  "white-icons": command(data, [done(/one colou?r/i, /\b16\b/), refused(/one colou?r/i, /\b16\b/)]),
};
