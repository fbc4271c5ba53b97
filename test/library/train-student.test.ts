import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pickPerStratum } from "../../src/data/split.ts";
import {
  createSet,
  distill,
  evaluate,
  openDataset,
  openSet,
  type ProgressEvent,
  type RecipeFields,
  trainStudent,
} from "../../src/library/index.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { temporaryFolder, tinyFields, writePictures } from "../pipeline/tiny.ts";

let folder: string;
let data: string;
let out: string;
let recipe: RecipeFields;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-library-"));
  data = await writePictures(join(folder, "pictures"));
  out = join(folder, "out");
  recipe = { ...tinyFields, data, method: "random", labels: ["static", "hard"] };
  await distill(recipe, { out });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const everyImage = async () => {
  const { test: split } = await openDataset(data);
  return { images: await split.read(split.labels.map((_, i) => i)), labels: split.labels };
};

test.each(["static", "hard"] as const)("is the command line's first student, with %s labels", async (labels) => {
  const { report } = await evaluate(recipe, { out });
  const row = report.rows.find((one) => one.labels === labels && one.method === "random")!;
  await using set = await openSet(join(out, "4-set"));
  await using student = await trainStudent(set, { student: "convnet8x1", labels, ...tinyFields.student });
  const { images, labels: truth } = await everyImage();
  expect(await student.accuracy(images, truth)).toBe(row.accuracy.values[0]);
});

test("its ONNX file gives its logits, and its events tell of each step", async () => {
  await using set = await openSet(join(out, "4-set"));
  const events: ProgressEvent[] = [];
  const settings = { student: "convnet8x1", epochs: 2, onProgress: (event: ProgressEvent) => void events.push(event) };
  await using student = await trainStudent(set, settings);
  const images = await set.images([0, 5, 7]);
  const { mean, std } = set.normalisation;
  const channel = (i: number): number => Math.floor(i / 64) % 3;
  const pixels = images.map((value, i) => value * std[channel(i)]! + mean[channel(i)]!);
  const session = await InferenceSession.create(student.toOnnx());
  const { logits } = await session.run({ images: new Tensor("float32", pixels, [3, 3, 8, 8]) });
  const own = await student.logits(images);
  expect(own.length).toBe(12);
  for (const [i, value] of own.entries()) expect(Number(logits!.data[i])).toBeCloseTo(value, 4);
  expect(events[0]).toEqual({ type: "start", task: 0, title: "student convnet8x1", total: 4 });
  expect(events.filter(({ type }) => type === "update")).toHaveLength(4);
  expect(Object.keys(student.weights)).toContain("blocks.0.conv.weight");
});

test("wrong settings, a set without logits and a signal end it with an error that says which", async () => {
  await using set = await openSet(join(out, "4-set"));
  await expect(trainStudent(set, { epochs: 0 })).rejects.toMatchObject({
    code: "RECIPE",
    message: "student.epochs: expected a whole number of at least 1, got 0",
  });
  for (const [wish, message] of [
    [{ steps: 0 }, "steps: expected a whole number of at least 1, got 0"],
    [{ steps: 1.5 }, "steps: expected a whole number of at least 1, got 1.5"],
    [{ seed: -1 }, "seed: expected a whole number of at least 0, got -1"],
    [{ labels: "soft" as "hard" }, 'labels: expected one of static, hard, got "soft"'],
  ] as const) {
    await expect(trainStudent(set, wish)).rejects.toMatchObject({ code: "RECIPE", message });
  }
  await expect(trainStudent(set, { student: "convnett" })).rejects.toMatchObject({ code: "USAGE" });
  await expect(trainStudent(set, { student: "convnet8x1", signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "INTERRUPTED",
  });
  await expect(distill({ data, ipc: -1 }, { out })).rejects.toMatchObject({ code: "RECIPE" });
});

test("images of one's own become a set that can be trained on and nothing else", async () => {
  const dataset = await openDataset(data);
  const { train, classes, image, normalisation } = dataset;
  const picks = pickPerStratum(train, classification(classes.length, image), classes, 2, stream(0, "own"));
  const place = join(await temporaryFolder(), "own");
  const own = { data: dataset.name, method: "first two", pixels: "natural" as const, classes, image, normalisation };
  await createSet(place, { ...own, images: await train.read(picks) });
  await using set = await openSet(place);
  expect([set.length, set.hasLogits, set.manifest.method]).toEqual([8, false, "first two"]);
  expect(set.labels).toEqual(picks.map((pick) => train.labels[pick]!));
  await using student = await trainStudent(set, { student: "convnet8x1", epochs: 1 });
  expect(await student.predict(await set.images())).toHaveLength(8);
  await expect(trainStudent(set, { labels: "static" })).rejects.toMatchObject({ code: "SET" });
  await expect(createSet(place, { ...own, images: new Uint8Array(7) })).rejects.toMatchObject({ code: "SET" });
});
