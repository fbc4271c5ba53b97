import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import sharp from "sharp";
import { list } from "tar";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { decodeSafetensors } from "../../src/codecs/safetensors.ts";
import { type Exported, exportFormats, exportSet } from "../../src/export/index.ts";
import { eightBits } from "../../src/export/pixels.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { trainingLabels } from "../../src/sets/labels/read.ts";
import type { DistilledSet } from "../../src/sets/set.ts";
import { openImages } from "../../src/sets/training-images.ts";
import { sha256 } from "../../src/support/files.ts";
import { progressTo } from "../../src/support/work/progress.ts";
import { copiedSet, exampleSet, formationSet, hardSet } from "../sets/example-set.ts";
import { filesOf, scratchFolder, storedSet } from "./fixtures.ts";

const all = [...Array(18).keys()];
let device: Device;
let set: DistilledSet;
let place: string;
const made: Record<string, Exported> = {};
/** All rows by the set's own reader: normalised floats, pixels, labels and logits. */
let floats: Float32Array;
let pixels: Uint8Array;
let logits: number[][];

const at = (format: string, path: string): string => join(place, format, path);
const rowsOf = (values: Float32Array, n: number): number[][] => {
  const size = values.length / n;
  return Array.from({ length: n }, (_, i) => Array.from(values.subarray(i * size, (i + 1) * size)));
};

beforeAll(async () => {
  device = await openDevice("cpu");
  set = await storedSet(exampleSet());
  place = await scratchFolder();
  floats = await (await openImages(set, device)).read(all);
  pixels = eightBits(floats, set.manifest.normalisation, 20).pixels;
  logits = rowsOf(trainingLabels(set)!.read(all), 18);
  for (const { name } of exportFormats) made[name] = await exportSet({ set, to: name, out: join(place, name), device });
  return () => device.close();
});

/** The pixels of PNG files, one after the other. */
const decoded = async (pngs: readonly Uint8Array[]): Promise<Buffer> =>
  Buffer.concat(await Promise.all(pngs.map((png) => sharp(png).raw().toBuffer())));

const classes = ["cat", "dog", "emu"];
const labels = all.map((row) => row % 3);

describe("what each format holds, by other readers", () => {
  test("hf: a table whose metadata says what its columns are", async () => {
    const file = await asyncBufferFromFile(at("hf", "data/train-00000-of-00001.parquet"));
    const rows = await parquetReadObjects({ file, utf8: false });
    expect((await decoded(rows.map((row) => row.image.bytes))).equals(pixels)).toBe(true);
    expect(rows.map((row) => Number(row.label))).toEqual(labels);
    expect(rows.map((row) => row.logits)).toEqual(logits);
    const { key_value_metadata: known } = await parquetMetadataAsync(file);
    expect(known).toEqual([{ key: "huggingface", value: expect.any(String) }]);
    expect(JSON.parse(known![0]!.value!)).toEqual({
      info: {
        features: {
          image: { _type: "Image" },
          label: { names: classes, _type: "ClassLabel" },
          logits: { feature: { dtype: "float32", _type: "Value" }, _type: "List" },
        },
      },
    });
  });

  test("imagefolder: a folder a class, and a table of the files", async () => {
    const names = all.map((row) => `${row % 3}_${classes[row % 3]}/${String(row).padStart(6, "0")}.png`);
    const pngs = await Promise.all(names.map((name) => readFile(at("imagefolder", `train/${name}`))));
    expect((await decoded(pngs)).equals(pixels)).toBe(true);
    const rows = await parquetReadObjects({
      file: await asyncBufferFromFile(at("imagefolder", "train/metadata.parquet")),
    });
    expect(rows).toEqual(
      all.map((row) => ({ file_name: names[row], label: BigInt(labels[row]!), logits: logits[row] })),
    );
    const index: unknown = JSON.parse(await readFile(at("imagefolder", "class_index.json"), "utf8"));
    expect(index).toEqual(classes.map((name, i) => ({ index: i, name, folder: `${i}_${name}` })));
  });

  test("webdataset: three files for each row, in order", async () => {
    const found: [string, Buffer][] = [];
    await list({
      file: at("webdataset", "train-000000.tar"),
      strict: true,
      onReadEntry: (entry) => {
        const chunks: Buffer[] = [];
        entry.on("data", (chunk: Buffer) => chunks.push(chunk));
        entry.on("end", () => found.push([entry.path, Buffer.concat(chunks)]));
      },
    });
    expect(found.map(([path]) => path)).toEqual(
      all.flatMap((row) => ["png", "cls", "json"].map((ending) => `${String(row).padStart(6, "0")}.${ending}`)),
    );
    const ending = (end: string): Buffer[] => found.flatMap(([path, content]) => (path.endsWith(end) ? [content] : []));
    expect((await decoded(ending(".png"))).equals(pixels)).toBe(true);
    expect(ending(".cls").map(Number)).toEqual(labels);
    expect(ending(".json").map((text) => JSON.parse(String(text)) as unknown)).toEqual(
      all.map((row) => ({ label: labels[row], class: classes[labels[row]!], logits: logits[row] })),
    );
  });

  test("safetensors: floats to the last bit, and what they mean", async () => {
    const { tensors, metadata } = decodeSafetensors(await readFile(at("safetensors", "train.safetensors")), "export");
    expect(tensors.images).toEqual({ dtype: "F32", shape: [18, 3, 4, 5], data: floats });
    expect(Array.from(tensors.labels!.data, Number)).toEqual(labels);
    expect(tensors.logits).toEqual({ dtype: "F32", shape: [18, 3], data: Float32Array.from(logits.flat()) });
    expect(metadata).toMatchObject({
      mean: "[0.5,0.4,0.3]",
      std: "[0.25,0.2,0.3]",
      classes: JSON.stringify(classes),
      order: "A base, plus a compensator.",
      repeats: "1",
    });
  });

  // Read by numpy when they were taken: examples/check_exports.py.
  test("npz, safetensors: equal bytes for equal sets", async () => {
    expect(sha256(await readFile(at("npz", "train.npz")))).toBe(
      "24e6c5cb3eef4c8eb6c0bc91a6700d21273fd355b89bcd75a891f3f09c112b5e",
    );
    expect(sha256(await readFile(at("safetensors", "train.safetensors")))).toBe(
      "ebe13fc1183149a839182f0b27fc866ac06076887c69f7629f1625f7bc720511",
    );
  });
});

describe("beside the data", () => {
  test.each(exportFormats.map(({ name }) => name))(
    "%s: card, classes and a description with the hashes",
    async (name) => {
      const { files, bytes } = made[name]!;
      const there = await filesOf(join(place, name));
      expect(there.filter((path) => !path.endsWith(".png"))).toEqual(files.map(({ path }) => path).sort());
      const contents = await Promise.all(there.map((path) => readFile(at(name, path))));
      expect(bytes).toBe(contents.reduce((sum, { length }) => sum + length, 0));
      for (const { path, sha256: hash, bytes: size } of files) {
        const content = await readFile(at(name, path));
        expect([path, size, hash]).toEqual([path, content.length, sha256(content)]);
      }
      const croissant = JSON.parse(await readFile(at(name, "croissant.json"), "utf8")) as {
        distribution: { "@id": string; "@type": string; sha256: string }[];
      };
      const described = croissant.distribution.filter((node) => node["@type"] === "cr:FileObject");
      const hashes = Object.fromEntries(files.map(({ path, sha256: hash }) => [path, hash]));
      for (const node of described) expect(node.sha256).toBe(hashes[node["@id"]]);
      expect(described).toHaveLength(files.length - 1);
      const card = await readFile(at(name, "README.md"), "utf8");
      const [, front, text] = card.split("---\n");
      expect(parse(front!)).toMatchObject({
        pretty_name: "example distilled by infer: 18 images",
        task_categories: ["image-classification"],
        size_categories: ["n<1K"],
        configs: [{ config_name: "default", data_files: [{ split: "train", path: expect.any(String) }] }],
      });
      expect(text).toContain("mean [0.5, 0.4, 0.3], std [0.25, 0.2, 0.3]");
      expect(text).toContain("targets are `softmax(logits / T)`");
      expect(text).toContain("0 cat\n1 dog\n2 emu\n");
      expect(text).toContain("This set holds natural images.");
    },
  );

  test("the card says how far 8 bits are from the floats", async () => {
    const { rounding } = eightBits(floats, set.manifest.normalisation, 20);
    expect(made.hf!.rounding).toBe(rounding);
    expect(rounding).toBeLessThanOrEqual(0.5);
    expect(await readFile(at("hf", "README.md"), "utf8")).toContain(
      `the largest change is ${rounding.toFixed(3)} of 255 grey levels`,
    );
    expect(made.npz).not.toHaveProperty("rounding");
  });
});

const safetensorsOf = async (other: DistilledSet) => {
  const out = join(await scratchFolder(), "out");
  await exportSet({ set: other, to: "safetensors", out, device });
  return {
    ...decodeSafetensors(await readFile(join(out, "train.safetensors")), "export"),
    card: await readFile(join(out, "README.md"), "utf8"),
  };
};

describe("sets of other kinds", () => {
  test("hard labels alone: no logits, and the card says so", async () => {
    const { tensors, card } = await safetensorsOf(await storedSet(hardSet()));
    expect(Object.keys(tensors).sort()).toEqual(["images", "labels"]);
    expect(card).toContain("The set stores no soft labels.");
  });

  test("images that are counted several times are written once", async () => {
    const { tensors, metadata, card } = await safetensorsOf(await storedSet(copiedSet()));
    expect(tensors.images!.shape).toEqual([6, 3, 4, 5]);
    expect(metadata.repeats).toBe("3");
    expect(card).toContain("sees each image 3 times");
  });

  test("small stored images are written at the size that students see", async () => {
    const other = await storedSet(formationSet());
    const { tensors } = await safetensorsOf(other);
    const rows = Array.from({ length: 36 }, (_, row) => row);
    expect(tensors.images).toMatchObject({
      shape: [36, 3, 4, 6],
      data: await (await openImages(other, device)).read(rows),
    });
  });
});

describe("whole or not at all", () => {
  test("a folder with something in it is refused and left as it is", async () => {
    const out = await scratchFolder();
    await writeFile(join(out, "mine.txt"), "mine");
    await expect(exportSet({ set, to: "npz", out, device })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("is not empty"),
    });
    expect(await filesOf(out)).toEqual(["mine.txt"]);
    await expect(exportSet({ set, to: "npz", out: join(out, "mine.txt"), device })).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  test("an empty folder is taken", async () => {
    const out = join(await scratchFolder(), "empty");
    await mkdir(out);
    expect((await exportSet({ set, to: "hf", out, device })).images).toBe(18);
  });

  test.each(exportFormats.map(({ name }) => name))("%s: stopped on the way, it leaves nothing", async (to) => {
    const folder = await scratchFolder();
    const controller = new AbortController();
    // As soon as the first images are decoded.
    const progress = progressTo(({ type }) => type === "start" && controller.abort());
    await expect(
      exportSet({ set, to, out: join(folder, "out"), device, progress, signal: controller.signal }),
    ).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(await filesOf(folder)).toEqual([]);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});
