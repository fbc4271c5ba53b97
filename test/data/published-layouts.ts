import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { temporaryFolder } from "./fixtures.ts";

/** Of goldfish and of bullfrogs. */
export const fish = "n01443537";
export const frog = "n01641577";

/** A plain grey JPEG of a level that tells one image from another. */
export const writeGrey = async (path: string, level: number, side = 8): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const background = { r: level, g: level, b: level };
  const image = sharp({ create: { width: side, height: side, channels: 3, background } });
  await image.toColourspace("b-w").jpeg({ quality: 100 }).toFile(path);
};

export const writeText = async (path: string, ...lines: readonly string[]): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
};

/** Tiny-ImageNet's layout with two classes; two training images and one or two validation images each. */
export const tinyImageNetFolder = async (): Promise<string> => {
  const folder = await temporaryFolder();
  // The publisher's lists are in no order.
  await writeText(join(folder, "wnids.txt"), frog, fish);
  await writeText(join(folder, "words.txt"), `n00001740\tentity`, `${fish}\tgoldfish, Carassius auratus`);
  for (const [wnid, level] of [[fish, 10] as const, [frog, 100] as const]) {
    await writeText(join(folder, "train", wnid, `${wnid}_boxes.txt`), `${wnid}_0.JPEG\t0\t0\t7\t7`);
    await writeGrey(join(folder, "train", wnid, "images", `${wnid}_0.JPEG`), level);
    await writeGrey(join(folder, "train", wnid, "images", `${wnid}_1.JPEG`), level + 1);
  }
  await writeText(
    join(folder, "val", "val_annotations.txt"),
    `val_2.JPEG\t${frog}\t0\t0\t7\t7`,
    `val_0.JPEG\t${fish}\t0\t0\t7\t7`,
    `val_1.JPEG\t${frog}\t0\t0\t7\t7`,
  );
  for (const [i, level] of [15, 110, 112].entries()) {
    await writeGrey(join(folder, "val", "images", `val_${i}.JPEG`), level);
  }
  await writeGrey(join(folder, "test", "images", "test_0.JPEG"), 50);
  return folder;
};

/** ImageNet's train/ with two classes and a flat val/ of three images: a fish, a frog, a fish. */
export const imageNetFolder = async (inside = ""): Promise<string> => {
  const folder = await temporaryFolder();
  const root = join(folder, inside);
  for (const [wnid, level] of [[frog, 100] as const, [fish, 10] as const]) {
    await writeGrey(join(root, "train", wnid, `${wnid}_7.JPEG`), level);
    await writeGrey(join(root, "train", wnid, `${wnid}_12.JPEG`), level + 1);
  }
  for (const [i, level] of [15, 110, 17].entries()) {
    await writeGrey(join(root, "val", `ILSVRC2012_val_0000000${i + 1}.JPEG`), level);
  }
  return folder;
};
