import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { imageFolder } from "../../../../src/data/sources/image-folder.ts";
import { silent } from "../../../../src/support/work/progress.ts";
import { failureOf } from "../../fixtures.ts";
import { fish, frog, imageNetFolder, writeGrey, writeText } from "../../published-layouts.ts";

const open = (folder: string) => imageFolder(folder, { skipUnreadable: false, progress: silent });

const messageOf = async (folder: string): Promise<string> => {
  const { code, message } = await failureOf(open(folder));
  expect(code).toBe("DATA");
  return message;
};

const imageOf = (number: number): string => `ILSVRC2012_val_0000000${number}`;
const solution = [
  "ImageId,PredictionString",
  `${imageOf(2)},${frog} 85 1 499 272 `,
  `${imageOf(1)},${fish} 1 2 3 4 ${fish} 5 6 7 8 `,
  `${imageOf(3)},${fish} 1 2 3 4`,
];

describe("ImageNet's layout", () => {
  test.each(["", "ILSVRC/Data/CLS-LOC"])("with Kaggle's lists, the images in %j", async (inside) => {
    const folder = await imageNetFolder(inside);
    await writeText(join(folder, "LOC_val_solution.csv"), ...solution);
    await writeText(join(folder, "LOC_synset_mapping.txt"), `${fish} goldfish`, `${frog} bullfrog, Rana catesbeiana`);
    // Kaggle's test images have no labels.
    await writeGrey(join(folder, inside, "test", "ILSVRC2012_test_00000001.JPEG"), 3);
    const data = await open(folder);
    expect(data.classes).toEqual([fish, frog]);
    expect(data.words).toEqual(["goldfish", "bullfrog, Rana catesbeiana"]);
    expect([...data.train.labels]).toEqual([0, 0, 1, 1]);
    expect([...data.test.labels]).toEqual([0, 0, 1]);
    expect([...(await data.test.read([0, 1, 2]))].filter((_, i) => i % 192 === 0)).toEqual([15, 17, 110]);
    expect(data.normalisation.mean).toEqual([0.485, 0.456, 0.406]);
    if (inside !== "") expect((await open(join(folder, inside))).test.length).toBe(3);
  });

  test("with the devkit's numbers and what they stand for", async () => {
    const folder = await imageNetFolder();
    const devkit = join(folder, "ILSVRC2012_devkit_t12", "data");
    await writeText(join(devkit, "ILSVRC2012_validation_ground_truth.txt"), "2", "1", "2");
    expect(await messageOf(folder)).toMatch(
      /gives classes as numbers \(ILSVRC2012_ID\).* put the devkit's meta\.mat beside it/,
    );
    const meta = join(devkit, "meta.mat");
    await writeText(meta, "MATLAB");
    expect(await messageOf(folder)).toMatch(
      /meta\.mat: cannot be read as the devkit's table of classes \(not a little-endian MATLAB file .*\); unpack it again/,
    );
    await copyFile(new URL("../../../goldens/meta.mat", import.meta.url), meta);
    expect([...(await open(folder)).test.labels]).toEqual([0, 0, 1]);
    await rm(meta);
    await writeText(join(folder, "map_clsloc.txt"), `${frog} 1 bull_frog`, `${fish} 2 goldfish`);
    const data = await open(folder);
    expect([...data.test.labels]).toEqual([0, 0, 1]);
    expect(data.words).toEqual(["goldfish", "bull frog"]);
    await writeText(join(devkit, "ILSVRC2012_validation_ground_truth.txt"), "2", "1", "3");
    expect(await messageOf(folder)).toMatch(/ground_truth\.txt, line 3: expected a class number of .*, got "3"/);
  });

  test("with an identifier a line", async () => {
    const folder = await imageNetFolder();
    const file = join(folder, "imagenet_2012_validation_synset_labels.txt");
    await writeText(file, fish, frog, fish);
    expect([...(await open(folder)).test.labels]).toEqual([0, 0, 1]);
    await writeText(file, fish, frog, fish, frog);
    expect(await messageOf(folder)).toMatch(/line 4: names ILSVRC2012_val_00000004\.JPEG, which is not in/);
    await writeText(file, fish, frog, "goldfish");
    expect(await messageOf(folder)).toMatch(/line 3: expected a class such as n02119789, got "goldfish"/);
  });

  test("with val/ in class folders", async () => {
    const folder = await imageNetFolder();
    for (const [wnid, i] of [[fish, 1] as const, [frog, 2] as const, [fish, 3] as const]) {
      await mkdir(join(folder, "val", wnid), { recursive: true });
      await rename(join(folder, "val", `${imageOf(i)}.JPEG`), join(folder, "val", wnid, `${imageOf(i)}.JPEG`));
    }
    const data = await open(folder);
    expect([...data.test.labels]).toEqual([0, 0, 1]);
    expect(data.words).toBeUndefined();
  });

  test("without labels, val/ or images there says what is missing", async () => {
    const folder = await imageNetFolder();
    expect(await messageOf(folder)).toMatch(/val: its images lie flat, and nothing says their classes; put Kaggle's/);
    await rm(join(folder, "val"), { recursive: true });
    expect(await messageOf(folder)).toMatch(/looks like ImageNet, but lacks val\/ .* unpack ILSVRC2012_img_val\.tar/);
    await mkdir(join(folder, "val"));
    expect(await messageOf(folder)).toMatch(/val: holds no images and no class folders/);
  });

  test("with archives of classes not unpacked yet says so", async () => {
    const folder = await imageNetFolder();
    await writeText(join(folder, "train", "n02119789.tar"), "");
    expect(await messageOf(folder)).toMatch(
      /train: holds n02119789\.tar; unpack each into .*train\/n02119789\/\*\.JPEG/,
    );
  });

  test("with lists of other classes or a broken list is refused", async () => {
    const folder = await imageNetFolder();
    const file = join(folder, "LOC_val_solution.csv");
    await writeText(file, ...solution.with(2, `${imageOf(1)},n99999999 1 2 3 4`));
    expect(await messageOf(folder)).toMatch(/line 3: gives ILSVRC2012_val_00000001\.JPEG the class "n99999999"/);
    await writeText(file, ...solution.with(1, `${imageOf(2)}`));
    expect(await messageOf(folder)).toMatch(/line 2: expected "ILSVRC2012_val_00048981,n03995372 85 1 499 272"/);
  });

  test("is not seen in one's own folders with test images, whatever their names", async () => {
    const folder = await imageNetFolder();
    for (const wnid of [fish, frog]) await writeGrey(join(folder, "test", wnid, "1.JPEG"), 200);
    const data = await open(folder);
    expect(data.test.length).toBe(2);
    expect(data.normalisation.mean[0]).toBeLessThan(0.3);
  });
});
