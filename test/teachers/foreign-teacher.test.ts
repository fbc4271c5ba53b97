import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { imagenetNormalisation } from "../../src/data/normalisation.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { readSet, verifySet } from "../../src/sets/index.ts";
import { sha256 } from "../../src/support/files.ts";
import type { Progress } from "../../src/support/work/progress.ts";
import { filesIn, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "../pipeline/tiny.ts";
import { forgetAll, writeTorchFile } from "./torch-file.ts";

const brief = { ipc: 2, iterations: 3, seeds: 1, labels: ["static"], student: { epochs: 1 }, full: { epochs: 1 } };

/** Remembers what was begun and said. */
const recorder = (): { readonly progress: Progress; readonly titles: string[]; readonly notes: string[] } => {
  const titles: string[] = [];
  const notes: string[] = [];
  const task = (title: string) => {
    titles.push(title);
    return { update: () => undefined, done: () => undefined };
  };
  return { progress: { task, note: (line) => void notes.push(line) }, titles, notes };
};

it("on the demo's images, weights with torch's names are a teacher like any other, and are measured once", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, "weights.safetensors");
  const training = tinyRecipe("demo", { ...brief, teachers: ["convnet8x1"], teacher: { epochs: 1, batch: 64 } });
  const taught = (await commands.teach(training, quietly(join(folder, "own")))).report;
  const own = taught.teachers[0]!;
  await writeTorchFile(own.file, file);

  const out = join(folder, "out");
  const recipe = tinyRecipe("demo", { ...brief, teachers: [`convnet8x1=${file}`] });
  const first = recorder();
  const report = (await commands.run(recipe, quietly(out, first))).report;
  const bytes = await readFile(file);
  const { accuracy, chance, validationAccuracy, parameters } = own;
  expect(report.teachers).toEqual([
    {
      architecture: "convnet8x1",
      accuracy,
      chance,
      validationAccuracy,
      parameters,
      bytes: bytes.length,
      sha256: sha256(bytes),
    },
  ]);
  const { manifest } = await readSet(join(out, "4-set"));
  expect(manifest.teachers).toEqual([{ architecture: "convnet8x1", accuracy, sha256: sha256(bytes) }]);
  expect((await verifySet(join(out, "4-set"))).problems).toEqual([]);
  expect((await filesIn(out)).filter((name) => name.startsWith("2-"))).toEqual(["2-teachers/0-convnet8x1.json"]);
  expect(first.titles).toContain("teacher convnet8x1: test");
  expect(first.notes.filter((line) => line.startsWith("teacher"))).toEqual([
    `teacher convnet8x1: ${accuracy.toFixed(1)} % of the test images (weights.safetensors, not trained here)`,
  ]);
  const page = await readFile(join(out, "report.html"), "utf8");
  expect(page).toContain("trained by another program");
  expect(page).not.toMatch(/NaN|undefined/);

  const times = await timesIn(join(out, "2-teachers"));
  const second = recorder();
  const again = (await commands.run(recipe, quietly(out, second))).report;
  expect(again.teachers).toEqual(report.teachers);
  expect(second.titles.filter((title) => title.startsWith("teacher"))).toEqual([]);
  expect(await timesIn(join(out, "2-teachers"))).toEqual(times);
}, 60_000);

it("other weights under the same name are measured anew, and told to be no better than guessing", async () => {
  const folder = await temporaryFolder();
  const pictures = await writePictures(join(folder, "pictures"));
  const [out, file] = [join(folder, "out"), join(folder, "weights.safetensors")];
  const training = tinyRecipe(pictures, { teachers: ["convnet8x1"] });
  const taught = (await commands.teach(training, quietly(join(folder, "own")))).report;
  await writeTorchFile(taught.teachers[0]!.file, file);
  // No images are held out, and each is also seen six times.
  const recipe = tinyRecipe(pictures, { teachers: [`convnet8x1=${file}`], validation: 0, teacher: { views: true } });
  const teach = async (progress = recorder().progress) =>
    (await commands.teach(recipe, quietly(out, { progress }))).report.teachers;
  const [before] = await teach();
  expect(before).toMatchObject({ accuracy: taught.teachers[0]!.accuracy, validationAccuracy: Number.NaN });
  expect(before!.accuracyViews).toBeGreaterThan(25);
  expect(await teach()).toEqual([before]);

  await writeTorchFile(taught.teachers[0]!.file, file, forgetAll);
  const { progress, notes } = recorder();
  const [after] = await teach(progress);
  expect(after).toMatchObject({ accuracy: 25, accuracyViews: 25, validationAccuracy: Number.NaN });
  expect(after!.sha256).not.toBe(before!.sha256);
  expect(notes).toContain(
    "teacher convnet8x1: that is no better than guessing; its 4 outputs should be the classes in this order: kind0, kind1, kind2 and 1 more, and --normalisation what it was trained with",
  );
  const record = JSON.parse(await readFile(join(out, "2-teachers/0-convnet8x1.json"), "utf8")) as unknown;
  expect(record).toMatchObject({ architecture: "convnet8x1", weights: after!.sha256, validationAccuracy: null });
}, 60_000);

it("ImageNet's normalisation goes into the set; what was made with another is not mixed with it", async () => {
  const folder = await temporaryFolder();
  const pictures = await writePictures(join(folder, "pictures"));
  const [out, file] = [join(folder, "out"), join(folder, "weights.safetensors")];
  const training = tinyRecipe(pictures, { ...brief, teachers: ["convnet8x1"] });
  const taught = (await commands.teach(training, quietly(join(folder, "own")))).report;
  const own = taught.teachers[0]!.file;
  await writeTorchFile(own, file);
  const recipe = tinyRecipe(pictures, { ...brief, teachers: [`convnet8x1=${file}`], normalisation: "imagenet" });
  await commands.distill(recipe, quietly(out));
  const { manifest } = await readSet(join(out, "4-set"));
  expect(manifest.normalisation).toEqual(imagenetNormalisation);
  expect(manifest.teachers[0]!.accuracy).toBeGreaterThan(0);

  const imagenet = "mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225";
  await expect(
    commands.evaluate(
      { ...recipe, normalisation: "data" },
      quietly(join(folder, "judged"), { set: join(out, "4-set") }),
    ),
  ).rejects.toMatchObject({
    code: "SET",
    message: expect.stringMatching(
      new RegExp(`4-set was made for images normalised by ${imagenet}, but pictures is by mean .*--normalisation`),
    ) as string,
  });
  await expect(commands.teach({ ...recipe, teachers: [own] }, quietly(join(folder, "mixed")))).rejects.toMatchObject({
    code: "CHECKPOINT",
    message: expect.stringMatching(
      new RegExp(`was trained on images normalised by mean .*, but these are by ${imagenet};`),
    ) as string,
  });
}, 60_000);
