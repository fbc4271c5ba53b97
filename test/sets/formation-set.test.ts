import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resizeCrops } from "../../src/data/augment/resized-crop.ts";
import { normalise, validRange } from "../../src/data/normalisation.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { decoderOf } from "../../src/sets/decoder.ts";
import {
  budgetOf,
  layoutOf,
  openImages,
  readSet,
  type UnwrittenSet,
  verifySet,
  writeSet,
} from "../../src/sets/index.ts";
import { parseManifest } from "../../src/sets/manifest/manifest.ts";
import { sealManifest } from "../../src/sets/manifest/seal.ts";
import { formationSet } from "./example-set.ts";

let device: Device;
let scratch: string;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  scratch = await mkdtemp(join(tmpdir(), "distillery-formation-"));
});
afterAll(async () => {
  await device.close();
  await rm(scratch, { recursive: true, force: true });
});

const written = async (name: string, set: UnwrittenSet = formationSet()): Promise<string> => {
  const folder = join(scratch, name);
  await writeSet(folder, set);
  return folder;
};

test("a set of smaller bases is written, read and whole, four base sets on a sheet", async () => {
  const folder = await written("set");
  expect((await readdir(join(folder, "bases"))).sort()).toEqual(["0.png", "1.png"]);
  const set = formationSet();
  const read = await readSet(folder);
  expect(read.manifest).toMatchObject(set.manifest);
  expect(read.bases).toEqual(set.bases);
  expect(read.compensators).toHaveLength(set.compensators.length);
  expect(read.labels).toEqual(set.labels);
  expect(await verifySet(folder)).toMatchObject({ ok: true, problems: [] });
  expect(await writeSet(join(scratch, "copy"), read)).toEqual(read.manifest);
});

test("its rows are bases brought to full size, then those with compensators added and cut off", async () => {
  const read = await readSet(await written("rows"));
  const { normalisation, image, storage } = read.manifest;
  const small = normalise(read.bases, normalisation, storage.height, storage.width);
  const large = resizeCrops(small, 18, storage, () => ({ top: 0, left: 0, ...storage }), image);
  const { low, high } = validRange(normalisation);
  const images = await openImages(read, device);
  expect(images.length).toBe(36);
  const all = await images.read(Array.from({ length: 36 }, (_, row) => row));
  await images.release();
  const { base, compensator } = layoutOf(read.manifest);
  const size = 3 * 24;
  for (let row = 0; row < 36; row++) {
    const [v, k, c] = [Math.floor(row / 18), Math.floor(row / 3) % 6, row % 3];
    expect([images.classes[row], base(row), compensator(row)]).toEqual([c, k * 3 + c, v === 0 ? -1 : k]);
    for (let i = 0; i < size; i++) {
      const channel = Math.floor(i / 24);
      const plain = large[(k * 3 + c) * size + i]!;
      const moved = Math.min(high[channel]!, Math.max(low[channel]!, plain + read.compensators[k * size + i]!));
      expect(all[row * size + i]).toBeCloseTo(v === 0 ? plain : moved, 5);
    }
  }
});

test.each([
  [2, 10, 10, 0, 40],
  [2, 10, 10, 4, 15],
  [3, 10, 10, 4, 19],
  [4, 10, 10, 4, 21],
  [2, 1, 100, 4, 3],
  [4, 3, 200, 5, 34],
])("by %i, ipc %i of %i classes and %i compensators buy K = %i", (f, ipc, classes, perBase, bases) => {
  expect(Math.floor((ipc * classes * f * f) / (classes + perBase * f * f))).toBe(bases);
  expect(budgetOf(ipc, { classes, perBase, perImage: f * f })).toEqual({
    ipc,
    bases,
    compensators: bases * perBase,
    perBase,
    perClass: 0,
    trainingImages: (perBase + 1) * bases * classes,
  });
});

type Fields = Record<string, unknown>;

test.each<[string, (fields: Fields) => Fields, string]>([
  [
    "the size of the images",
    () => ({ storage: { kind: "formation2", height: 4, width: 6 } }),
    "storage: expected 2x3 for formation2 of 4x6, got 4x6",
  ],
  [
    "another size",
    () => ({ storage: { kind: "formation2", height: 3, width: 2 } }),
    "storage: expected 2x3 for formation2 of 4x6, got 3x2",
  ],
  [
    "a smaller size of images as they are",
    () => ({ storage: { kind: "images", height: 2, width: 3 } }),
    "storage: expected 4x6 for images of 4x6, got 2x3",
  ],
  [
    "images that do not divide",
    () => ({ image: { height: 5, width: 6 } }),
    "storage formation2: images of 5x6 do not divide into 2 x 2",
  ],
  [
    "more than the budget has",
    ({ budget, recipe }) => ({ budget: { ...(budget as Fields), ipc: 3 }, recipe: { ...(recipe as Fields), ipc: 3 } }),
    "budget.ipc: expected at least 4 for what is stored, got 3",
  ],
  [
    "more sheets than are listed",
    () => ({
      budget: { ipc: 6, bases: 9, compensators: 9, perBase: 1, perClass: 0, trainingImages: 54 },
      recipe: { data: "example", ipc: 6 },
    }),
    "parts does not list bases/2.png",
  ],
])("a manifest is refused with %s", async (_, change, message) => {
  const text = await readFile(join(await written("manifest"), "manifest.json"), "utf8");
  const { sha256: __, ...fields } = JSON.parse(text) as Fields;
  const changed = Buffer.from(sealManifest({ ...fields, ...change(fields) }));
  const parsing = () => parseManifest(changed, "manifest.json");
  expect(parsing).toThrow(expect.objectContaining({ code: "SET" }));
  expect(parsing).toThrow(message);
});

test.each([
  [32, 0, 0],
  [32, 4, 0],
  [64, 0, 2],
  [64, 4, 2],
])(
  "decode.onnx of images of %i pixels a side, with %i compensators a base set and %i a class, is small",
  (side, V, U) => {
    const budget = {
      ipc: 50,
      bases: 15,
      compensators: 15 * V + 10 * U,
      perBase: V,
      perClass: U,
      trainingImages: 15 * (1 + V + U) * 10,
    };
    const { normalisation } = formationSet().manifest;
    const image = { height: side, width: side };
    const layout = layoutOf({ budget, classes: { length: 10 }, image, normalisation, storage: { kind: "formation2" } });
    expect(decoderOf(layout, "").length).toBeLessThan(10_500);
  },
);
