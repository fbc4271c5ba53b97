import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { stream } from "../../../src/support/random.ts";
import { mutate } from "../mutate.ts";
import type { Input, Place } from "./input.ts";
import { type TarEntry, tarOf } from "./tar.ts";

const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** Files of CIFAR-10's binary version, cut to two images each. */
export const cifarFiles = (): TarEntry[] => {
  const random = stream(0, "cifar");
  const records = (): Buffer =>
    Buffer.from(Array.from({ length: 2 * 3073 }, (_, i) => (i % 3073 === 0 ? random.int(10) : random.int(256))));
  const batches = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
  const inFolder = (name: string): string => `cifar-10-batches-bin/${name}`;
  return [
    { name: inFolder("batches.meta.txt"), content: Buffer.from(`${classes.join("\n")}\n`) },
    ...batches.map((name) => ({ name: inFolder(`${name}.bin`), content: records() })),
  ];
};

const cifar: Input = {
  name: "cifar",
  attempts: 500,
  lay: async ({ folder, random }) => {
    const tar = tarOf(cifarFiles());
    const inside = random.int(3) > 0;
    const { bytes, how } = mutate(inside ? tar : gzipSync(tar), random);
    const file = join(folder, "cifar-10-binary.tar.gz");
    await writeFile(file, inside ? gzipSync(bytes, { level: 1 }) : bytes);
    return { args: ["data", "cifar10", "--archive", file], how: how.join(", ") };
  },
};

const [fish, frog] = ["n01443537", "n01641577"];

const writeGrey = async (file: string, level: number): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  const background = { r: level, g: level, b: level };
  await sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .jpeg()
    .toFile(file);
};

const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** ImageNet's layout of two classes with a flat val/ of three images, and the lists that may stand beside it. */
const imageNetLists: Readonly<Record<string, string>> = {
  "LOC_val_solution.csv": text(
    "ImageId,PredictionString",
    ...[fish, frog, fish].map((wnid, i) => `ILSVRC2012_val_0000000${i + 1},${wnid} 1 1 7 7`),
  ),
  "LOC_synset_mapping.txt": text(`${fish} goldfish, Carassius auratus`, `${frog} bullfrog, Rana catesbeiana`),
};

export const imageNetFolder = async ({ folder }: Pick<Place, "folder">): Promise<string> => {
  const root = join(folder, "imnet");
  for (const [wnid, level] of [[frog, 100] as const, [fish, 10] as const]) {
    await writeGrey(join(root, "train", wnid, `${wnid}_7.JPEG`), level);
  }
  for (let i = 1; i <= 3; i++) await writeGrey(join(root, "val", `ILSVRC2012_val_0000000${i}.JPEG`), 10 * i);
  return root;
};

/** The devkit's numbers of two classes, which only meta.mat explains. */
export const layMat = async (place: Pick<Place, "folder">, mat: Uint8Array): Promise<readonly string[]> => {
  const root = await imageNetFolder(place);
  await writeFile(join(root, "ILSVRC2012_validation_ground_truth.txt"), text("2", "1", "2"));
  await writeFile(join(root, "meta.mat"), mat);
  return ["data", root];
};

const mat: Input = {
  name: "mat",
  attempts: 550,
  lay: async (place) => {
    const name = ["meta.mat", "meta-plain.mat"][place.random.int(2)]!;
    const whole = await readFile(new URL(`../../goldens/${name}`, import.meta.url));
    const { bytes, how } = mutate(whole, place.random);
    return { args: await layMat(place, bytes), how: how.join(", ") };
  },
};

const lists: Input = {
  name: "lists",
  attempts: 300,
  lay: async (place) => {
    const root = await imageNetFolder(place);
    const how: string[] = [];
    for (const [name, whole] of Object.entries(imageNetLists)) {
      const mutated = mutate(Buffer.from(whole), place.random, true);
      await writeFile(join(root, name), mutated.bytes);
      how.push(...mutated.how);
    }
    return { args: ["data", root, "--resize", "8"], how: how.join(", ") };
  },
};

export const published: readonly Input[] = [cifar, mat, lists];
