import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { crossEntropyOf } from "../../../src/distill/select/bases.ts";
import { drawImages } from "../../../src/distill/select/draw.ts";
import { commands } from "../../../src/pipeline/pipeline.ts";
import { imageSource, type Prepared, prepareData } from "../../../src/recipe/prepare.ts";
import type { MethodChoice, Recipe } from "../../../src/recipe/recipe.ts";
import { openDevice } from "../../../src/runtime/index.ts";
import { readSet } from "../../../src/sets/index.ts";
import { keyOf } from "../../../src/support/key.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { openEnsemble } from "../../../src/teachers/ensemble.ts";
import { readTeacher, type Teacher } from "../../../src/teachers/teacher.ts";
import { readStored } from "../../../src/training/checkpoint.ts";
import { filesIn, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "../tiny.ts";

const brief = { iterations: 6, labels: ["static"], seeds: 1, student: { epochs: 2 }, full: { epochs: 1 } };

const teachersIn = async (out: string, data: Prepared): Promise<Teacher[]> =>
  Promise.all(
    ["0-convnet8x1", "1-convnet6x2"].map(
      async (name) => (await readTeacher(join(out, "2-teachers", `${name}.safetensors`), data))!,
    ),
  );

it("work is kept under keys of everything that determines it, in an order that may not change", async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
  await commands.run(recipe, quietly(out));
  const data = await prepareData(recipe, { progress: silent });
  const base = { data: data.fingerprint, validation: recipe.validation };
  const [teacher, other] = await teachersIn(out, data);
  const compensator = await readStored(join(out, "3-distil", "1-0.safetensors"));
  const loop = { seed: 0, device: "cpu", iterations: 6, storage: [8, 8, 8, 8], alpha: 1, views: "shifts" };
  expect(compensator!.metadata.key).toBe(
    keyOf({ method: "infer", ...base, ...loop, teacher: teacher!.sha256, k: 1, j: 0 }),
  );
  const teacherHashes = [teacher!.sha256, other!.sha256];
  const { parts } = (await readSet(join(out, "4-set"))).manifest;
  const { crop, ...settings } = recipe.student;
  const sources = {
    infer: keyOf({ ...base, parts, teacherHashes }),
    random: keyOf({ ...base, random: 3, seed: 0, teacherHashes }),
  };
  for (const [name, sourceKey] of Object.entries(sources)) {
    const text = await readFile(join(out, "5-students", `${name}-static-convnet8x1-0.json`), "utf8");
    const marks = [
      { share: 1 / 4, steps: 1 },
      { share: 1 / 2, steps: 3 },
    ];
    const student = { sourceKey, labels: "static", steps: 6, marks, batch: 8, mixup: 0.8, settings, crop };
    expect((JSON.parse(text) as { key: string }).key).toBe(
      keyOf({ ...student, architecture: "convnet8x1", seed: 0, student: 0, device: "cpu" }),
    );
  }
});

it("a folder whose recipe lacks the newer fields is taken up again", async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
  await commands.teach(recipe, quietly(out));
  const file = join(out, "recipe.yaml");
  const complete = await readFile(file, "utf8");
  const older = complete
    .replace(/^ {2}(?:storage|bases|precision|views): .*\n/gm, "")
    .replace(/^compare:\n(?: .*\n)*/m, "");
  expect(older.length).toBeLessThan(complete.length - 60);
  await writeFile(file, older);
  const times = await timesIn(join(out, "2-teachers"));
  await commands.teach(recipe, quietly(out));
  expect(await timesIn(join(out, "2-teachers"))).toEqual(times);
  expect(await readFile(file, "utf8")).toBe(older);
  const again = (method: MethodChoice) => commands.teach({ ...recipe, method }, quietly(out));
  await expect(again({ name: "dm" })).rejects.toThrow("(method: infer there, dm now)");
  await expect(again({ ...recipe.method, alpha: 2, views: "crops" })).rejects.toThrow(
    "(method.alpha: 1 there, 2 now; method.views: shifts there, crops now)",
  );
});

it("any method can be run, and is called by its name", async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), { ...brief, method: "sre2l" });
  const report = (await commands.run(recipe, quietly(out))).report;
  expect(report.rows.map(({ method, images, steps }) => [method, images, steps])).toEqual([
    ["sre2l", 12, 4],
    ["random", 12, 4],
    ["full", 44, 3],
  ]);
  expect(report.method).toBe("sre2l");
  expect(report.curves.filter(({ group }) => group === "set")).toHaveLength(3);
  expect((await filesIn(out)).filter((file) => file.startsWith("3-"))).toEqual(
    [0, 1, 2].map((k) => `3-distil/${k}.safetensors`),
  );
  const page = await readFile(join(out, "report.html"), "utf8");
  expect(page).toContain("No natural images inside");
  expect(page).not.toContain("INFER");
});

it("bases by confidence are the images that the teachers are surest of", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"));
  const out = join(folder, "out");
  const recipe = tinyRecipe(data, { ...brief, method: { name: "infer", bases: "confidence" } });
  await commands.distill(recipe, quietly(out));
  const prepared = await prepareData(recipe, { progress: silent });
  const { train, task } = prepared;
  const device = await openDevice("cpu");
  const ensemble = await openEnsemble(device, await teachersIn(out, prepared), 16);
  const all = Int32Array.from({ length: train.length }, (_, i) => i);
  const logits = await ensemble.logits(await imageSource(prepared).images(all));
  await device.close();
  const surprise = Array.from(all, (i) => crossEntropyOf(logits.subarray(i * 4, (i + 1) * 4), train.labels[i]!));
  const picks = Array.from({ length: 2 * task.classes }, (_, at) => {
    const own = [...all].filter((i) => train.labels[i] === at % 4).sort((a, b) => surprise[a]! - surprise[b]!);
    return own[Math.floor(at / 4)]!;
  });
  const { bases } = await readSet(join(out, "4-set"));
  expect(bases).toEqual(await train.read(Int32Array.from(picks)));
  expect(bases).not.toEqual(await train.read(drawImages(prepared, 2, { seed: 0 })));
});

it("compensators and labels are stored as asked for", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"));
  const manifestOf = async (name: string, over: Record<string, unknown>) => {
    await commands.distill(tinyRecipe(data, { ...brief, ...over }), quietly(join(folder, name)));
    return (await readSet(join(folder, name, "4-set"))).manifest;
  };
  const usual = await manifestOf("usual", {});
  expect([usual.compensators, usual.labels]).toEqual([{ dtype: "F16" }, { kind: "logits", dtype: "F16" }]);
  const least = usual.parts["labels.safetensors"]!.bytes;
  const light = await manifestOf("light", {
    method: { name: "infer", precision: "I8" },
    labelBytes: String(least + 200),
  });
  expect(light).toMatchObject({ compensators: { dtype: "I8" }, recipe: { labelBytes: least + 200 } });
  expect(light.labels).toEqual(usual.labels);
});

it("compensators are made in the views that are asked for", async () => {
  const folder = await temporaryFolder();
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
  const partsOf = async (name: string, over: Partial<Recipe>) => {
    await commands.distill({ ...recipe, ...over }, quietly(join(folder, name)));
    return Object.values((await readSet(join(folder, name, "4-set"))).manifest.parts);
  };
  const shifts = await partsOf("shifts", {});
  const teachers = ["0-convnet8x1", "1-convnet6x2"].map((name) =>
    join(folder, "shifts/2-teachers", `${name}.safetensors`),
  );
  expect(await partsOf("same", { teachers })).toEqual(shifts);
  const crops = await partsOf("crops", { teachers, method: { ...recipe.method, views: "crops" } });
  const different = shifts.filter((part, i) => part.sha256 !== crops[i]!.sha256).map(({ holds }) => holds);
  expect(different.sort()).toEqual(["compensators", "labels"]);
});

it("teachers and students are trained on the crops that are asked for", async () => {
  const folder = await temporaryFolder();
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
  const data = await prepareData(recipe, { progress: silent });
  const run = async (name: string, over: Partial<Recipe>) => {
    const report = (await commands.run({ ...recipe, ...over }, quietly(join(folder, name)))).report;
    const losses = (group: string) =>
      report.curves.filter((c) => c.group === group && !c.name.startsWith("full")).map(({ series }) => series);
    return { teachers: losses("teacher"), students: losses("student") };
  };
  const shifted = await run("shifted", {});
  const teachers = (await teachersIn(join(folder, "shifted"), data)).map(({ file }) => file);
  const students = await run("students", { teachers, student: { ...recipe.student, crop: "resize" } });
  expect(students.teachers).toEqual(shifted.teachers);
  for (const [i, series] of students.students.entries()) expect(series).not.toEqual(shifted.students[i]);
  const both = await run("teachers", { teacher: { ...recipe.teacher, crop: "resize" } });
  for (const [i, series] of both.teachers.entries()) expect(series).not.toEqual(shifted.teachers[i]);
});
