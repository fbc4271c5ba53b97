import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/evaluation/rows.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { prepareData } from "../../src/recipe/prepare.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { openImages, readSet, trainingLabels, verifySet } from "../../src/sets/index.ts";
import { silent } from "../../src/support/work/progress.ts";
import { readTeacher } from "../../src/teachers/teacher.ts";
import { openClassifier } from "../../src/training/predict.ts";
import { filesIn, quietly, tinyRecipe, writePictures } from "./tiny.ts";

/** One run of the whole path, looked at by all tests of this file. */
describe("the whole path", () => {
  let folder = "";
  let out = "";
  let recipe: Recipe;
  let report: Report;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-run-"));
    out = join(folder, "out");
    recipe = tinyRecipe(await writePictures(join(folder, "pictures")));
    report = (await commands.run(recipe, quietly(out))).report;
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  it("leaves numbered artefacts and nothing else", async () => {
    const students = ["static", "dynamic", "hard"]
      .flatMap((labels) => [`infer-${labels}`, `random-${labels}`])
      .concat("full-hard")
      .flatMap((name) => [0, 1].map((seed) => `5-students/${name}-convnet8x1-${seed}`))
      .flatMap((name) => [`${name}-seconds.json`, `${name}.json`]);
    expect(await filesIn(out)).toEqual(
      [
        "1-dataset.json",
        "2-teachers/0-convnet8x1.safetensors",
        "2-teachers/1-convnet6x2.safetensors",
        "3-distil/0-0.safetensors",
        "3-distil/0-1.safetensors",
        "3-distil/1-0.safetensors",
        "3-distil/1-1.safetensors",
        "4-set/README.md",
        "4-set/bases/0.png",
        "4-set/bases/1.png",
        "4-set/compensators.safetensors",
        "4-set/decode.onnx",
        "4-set/labels.safetensors",
        "4-set/manifest.json",
        "5-students/random-labels.safetensors",
        ...students,
        "recipe.yaml",
        "report.html",
        "report.json",
        "curves.json",
        "seconds.json",
      ].sort(),
    );
  });

  it("writes the report that it hands back, with the fields that are promised", async () => {
    const written = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as Report;
    expect(written).toEqual(JSON.parse(JSON.stringify(report)));
    expect(written).toMatchObject({
      data: { name: "pictures", classes: 4, train: 44, validation: 4, test: 24, skipped: 0 },
      seed: 0,
      device: "cpu",
      recipe: { ipc: 3, iterations: 15 },
    });
    expect(written.data.image).toEqual({ channels: 3, height: 8, width: 8 });
    expect(Object.keys(written.seconds)).toEqual(["data", "teachers", "distil", "labels", "students"]);
    expect(written.teachers.map(({ architecture }) => architecture)).toEqual(["convnet8x1", "convnet6x2"]);
    for (const { accuracy } of written.teachers) expect(accuracy).toBeGreaterThan(25);
  });

  it("spends the budget by the formula", async () => {
    // K = floor(3 / (1 + 2 / 4)) = 2.
    const budget = { ipc: 3, bases: 2, compensators: 4, perBase: 2, perClass: 0, trainingImages: 24 };
    expect(report.budget).toEqual(budget);
    const set = await readSet(join(out, "4-set"));
    expect(set.manifest.budget).toEqual(budget);
    expect([set.bases.length, set.compensators.length, trainingLabels(set)?.length]).toEqual([
      2 * 4 * 192,
      2 * 2 * 192,
      24,
    ]);
  });

  it("has a row for the set, for random images and for all the data, with equal steps where it compares", () => {
    const rows = report.rows.map(({ method, labels, images, steps }) => [method, labels, images, steps]);
    // 24 images in batches of 8; 9 epochs, or 9 / (2 + 1) with dynamic labels; 44 images in batches of 16.
    expect(rows).toEqual([
      ["infer", "static", 24, 27],
      ["random", "static", 12, 27],
      ["infer", "dynamic", 24, 9],
      ["random", "dynamic", 12, 9],
      ["infer", "hard", 24, 27],
      ["random", "hard", 12, 27],
      ["full", "hard", 44, 6],
    ]);
    for (const { accuracy, student } of report.rows) {
      const [a = Number.NaN, b = Number.NaN] = accuracy.values;
      expect([student, accuracy.values.length]).toEqual(["convnet8x1", 2]);
      expect(accuracy.mean).toBeCloseTo((a + b) / 2, 10);
      expect(accuracy.std).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 10);
    }
  });

  it("measures students on the way, and says when random images' accuracy is reached", () => {
    const marksOf = (labels: string) =>
      report.rows
        .find((row) => row.labels === labels)!
        .marks!.map(({ share, steps, accuracy }) => {
          expect(accuracy.values).toHaveLength(2);
          return [share, steps];
        });
    const eighths = [1 / 8, 1 / 4, 1 / 2];
    expect(marksOf("static")).toEqual([3, 6, 13].map((steps, i) => [eighths[i], steps]));
    expect(marksOf("dynamic")).toEqual([1, 2, 4].map((steps, i) => [eighths[i], steps]));
    const of = (method: string, labels: string) =>
      report.rows.find((row) => row.method === method && row.labels === labels)!;
    expect(report.reached!.map(({ method, labels }) => [method, labels])).toEqual([
      ["infer", "static"],
      ["infer", "dynamic"],
      ["infer", "hard"],
    ]);
    for (const { labels, accuracy, at } of report.reached!) {
      const random = of("random", labels).accuracy.mean;
      expect(accuracy).toBe(random);
      if (of("infer", labels).accuracy.mean >= random) expect(at).toBeDefined();
    }
    // One student cannot be ranked.
    expect(report.rankings).toEqual([]);
  });

  it("records a loss curve of everything that learns", () => {
    const count = (group: string): number => report.curves.filter((curve) => curve.group === group).length;
    expect([count("teacher"), count("set"), count("student")]).toEqual([2, 4, 14]);
    for (const { steps, series } of report.curves) {
      for (const values of Object.values(series)) expect(values).toHaveLength(steps.length);
    }
    // The set and random images are different training sets, whatever the test accuracies.
    const losses = (name: string) => report.curves.find((curve) => curve.name === name)?.series;
    expect(losses("infer static convnet8x1 seed 0")).not.toEqual(losses("random static convnet8x1 seed 0"));
  });

  it("weighs the files that are there", async () => {
    const weigh = async (...paths: string[]): Promise<number> => {
      const sizes = await Promise.all(paths.map(async (path) => (await stat(join(out, path))).size));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const set = (await filesIn(join(out, "4-set"))).map((path) => `4-set/${path}`);
    expect(report.bytes).toEqual({
      bases: await weigh("4-set/bases/0.png", "4-set/bases/1.png"),
      compensators: await weigh("4-set/compensators.safetensors"),
      labels: await weigh("4-set/labels.safetensors"),
      manifest: await weigh("4-set/manifest.json", "4-set/decode.onnx", "4-set/README.md"),
      total: await weigh(...set),
      data: 48 * 192,
      teachers: await weigh("2-teachers/0-convnet8x1.safetensors", "2-teachers/1-convnet6x2.safetensors"),
    });
  });

  it("writes a set that is whole, with bases from the training images", async () => {
    expect(await verifySet(join(out, "4-set"))).toMatchObject({ ok: true, problems: [] });
    const set = await readSet(join(out, "4-set"));
    const { train } = await prepareData(recipe, { progress: silent });
    const pixels = await train.read(Int32Array.from({ length: train.length }, (_, i) => i));
    const known = new Map(
      Array.from(train.labels, (label, i) => [
        Buffer.from(pixels.subarray(i * 192, (i + 1) * 192)).toString("hex"),
        label,
      ]),
    );
    const labels = Array.from({ length: 8 }, (_, i) =>
      known.get(Buffer.from(set.bases.subarray(i * 192, (i + 1) * 192)).toString("hex")),
    );
    expect(labels).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it("stores the teachers' mean logits on the very images that the set gives", async () => {
    const set = await readSet(join(out, "4-set"));
    const data = await prepareData(recipe, { progress: silent });
    const device = await openDevice("cpu");
    const { length, read } = await openImages(set, device);
    const images = await read(Array.from({ length }, (_, row) => row));
    const logits: Float32Array[] = [];
    for (const file of ["0-convnet8x1", "1-convnet6x2"]) {
      const teacher = await readTeacher(join(out, "2-teachers", `${file}.safetensors`), data);
      if (teacher === undefined) throw new Error(`no teacher ${file}`);
      const classifier = await openClassifier(device, teacher, 7);
      logits.push(await classifier.logits(images));
    }
    await device.close();
    const labels = trainingLabels(set)!.read(Array.from({ length }, (_, row) => row));
    const mean = Array.from(labels, (_, i) => (logits[0]![i]! + logits[1]![i]!) / 2);
    // Half floats have 11 bits.
    labels.forEach((label, i) => {
      expect(Math.abs(label - mean[i]!)).toBeLessThanOrEqual(2 ** -11 * Math.abs(mean[i]!) + 1e-4);
    });
    // They do tell the images apart.
    expect(new Set(mean.map((value) => value.toFixed(3))).size).toBeGreaterThan(24);
  });

  it("lowers the loss that a compensator is made for", () => {
    for (const { series } of report.curves.filter(({ group }) => group === "set")) {
      const total = series.crossEntropy!.map((ce, i) => ce + series.statistics![i]!);
      expect(total.at(-1)).toBeLessThan(total[0]!);
    }
  });

  it("draws a page that needs nothing else", async () => {
    const html = await readFile(join(out, "report.html"), "utf8");
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/(src|href)="(?!data:|#)/);
    // Base, compensator and sum of each class.
    expect(html.match(/<img class="pixels"/g)?.length).toBe(12);
  });
});
