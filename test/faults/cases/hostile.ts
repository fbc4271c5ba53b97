import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { layMat } from "../inputs/published.ts";
import { type Case, command, oneOf, provided, refused, tinyRun } from "./case.ts";

interface Card {
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

const cardOf = async (file: string): Promise<Card> => {
  const bytes = await readFile(file);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as {
    __metadata__: { teacher: string };
  };
  return JSON.parse(header.__metadata__.teacher) as Card;
};

const side = 16;
const images = 12;

/** Pictures of the classes that the teachers of this folder were trained on, of the same mean and spread of colours. */
const layPhotos = async (folder: string, { normalisation: { mean, std } }: Card): Promise<void> => {
  const chequered = Buffer.from(
    Array.from({ length: 3 * side * side }, (_, at) => {
      const [pixel, band] = [Math.floor(at / 3), at % 3];
      return Math.round(255 * (mean[band]! + (pixel % 2 === 0 ? std[band]! : -std[band]!)));
    }),
  );
  for (const path of ["train", "test"].flatMap((split) => ["cat", "dog", "fox"].map((name) => join(split, name)))) {
    await mkdir(join(folder, "photos", path), { recursive: true });
    for (let i = 0; i < images; i++) {
      await sharp(chequered, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toFile(join(folder, "photos", path, `${i}.png`));
    }
  }
};

/** A recipe and pictures of another case, for inputs that come without. */
const borrowed = "../finder-file-in-out";

const teacher =
  (name: string, ...patterns: readonly RegExp[]): Case =>
  async ({ folder, distillery }) => {
    const file = `teacher-${name}.safetensors`;
    await layPhotos(folder, await cardOf(join(folder, "teacher-nan.safetensors")));
    await copyFile(join(folder, borrowed, "tiny.yaml"), join(folder, "tiny.yaml"));
    const answer = await distillery(...tinyRun("--teachers", file, "--out", `out-${name}`));
    return oneOf(
      answer,
      [refused(/code CHECKPOINT/, new RegExp(`teacher-${name}\\.safetensors`), ...patterns)],
      [/normalised by/],
    );
  };

const foreignFiles: Case = async ({ folder, distillery }) => {
  const data = ["--recipe", `${borrowed}/tiny.yaml`, "--data", `${borrowed}/photos`, "--full-epochs", "0"];
  const answer = await distillery("run", ...data, "--out", "foreign-files-in-out");
  const left = ["backup.json.1", "notes.md.20240101"].every((name) =>
    existsSync(join(folder, "foreign-files-in-out", name)),
  );
  return provided(oneOf(answer, [refused(/foreign-files-in-out/)]), left, "files of others are gone");
};

const mat: Case = async ({ folder, distillery }) => {
  const args = await layMat({ folder }, await readFile(join(folder, "mat-struct-no-fields.mat")));
  return oneOf(await distillery(...args), [refused(/code DATA/, /meta\.mat/)]);
};

/** Files of the folder `faults`, by their names. */
export const hostile: Readonly<Record<string, Case>> = {
  "faults/foreign-files-in-out": foreignFiles,
  "faults/mat-struct-no-fields.mat": mat,
  "faults/recipe-circular.yaml": command(
    ["run", "--recipe", "recipe-circular.yaml", "--out", "out"],
    [refused(/code RECIPE/, /recipe-circular\.yaml/)],
  ),
  "faults/tar-size-8g.tar.gz": command(
    ["data", "cifar10", "--archive", "tar-size-8g.tar.gz"],
    [refused(/code DATA/, /tar-size-8g\.tar\.gz/)],
  ),
  "faults/teacher-accuracy-text.safetensors": teacher("accuracy-text", /accuracy/),
  "faults/teacher-empty.safetensors": teacher("empty"),
  "faults/teacher-nan.safetensors": teacher("nan", /NaN|finite/),
  "faults/teacher-no-norm.safetensors": teacher("no-norm", /normalisation/),
  "faults/teacher-not-json.safetensors": teacher("not-json"),
  "faults/teacher-null.safetensors": teacher("null"),
};
