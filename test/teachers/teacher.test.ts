import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareData } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { silent } from "../../src/support/work/progress.ts";
import { readTeacher, type Teacher } from "../../src/teachers/teacher.ts";
import { checkTeachers } from "../../src/teachers/teachers.ts";
import { trainTeacher } from "../../src/teachers/train-teacher.ts";
import type { Watched } from "../../src/training/watch.ts";
import { filesIn, hashesIn, temporaryFolder, tinyRecipe, writePictures } from "../pipeline/tiny.ts";

/** All that the fast recipes set. */
const fast = {
  epochs: 12,
  batch: 16,
  learningRate: 0.05,
  momentum: 0.85,
  weightDecay: 0.00133,
  biasRate: 8,
  schedule: "triangle",
  labelSmoothing: 0.2,
  lookahead: true,
  flip: "alternating",
  shift: 0.0625,
  fill: "reflect",
  views: true,
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

describe("a teacher by the fast recipe", () => {
  const context = { progress: silent };
  const train = async (out: string, pictures: string, teacher: Record<string, unknown>): Promise<Teacher> => {
    const recipe = tinyRecipe(pictures, { teachers: ["speednet8"], teacher: { ...fast, ...teacher } });
    return trainTeacher({ ...context, recipe, data: await prepareData(recipe, context), device, folder: out }, 0);
  };

  it("learns, and reports both accuracies; watching it changes no byte of it", async () => {
    const folder = await temporaryFolder();
    const pictures = await writePictures(join(folder, "pictures"), { train: 24 });
    const [plain, seen] = [join(folder, "plain"), join(folder, "seen")];
    const teacher = await train(plain, pictures, {});
    await train(seen, pictures, { watch: "test" });
    expect(teacher.accuracy).toBeGreaterThan(60);
    expect(teacher.accuracyViews).toBeGreaterThan(60);
    expect(await filesIn(plain)).toEqual(["0-speednet8.safetensors"]);
    expect(await filesIn(seen)).toEqual(["0-speednet8.safetensors", "0-speednet8.watch.json"]);
    expect(await hashesIn(seen)).toMatchObject(await hashesIn(plain));
    const record = JSON.parse(await readFile(join(seen, "0-speednet8.watch.json"), "utf8")) as Watched;
    expect(record).toMatchObject({ split: "test", images: 24, interrupted: false });
    expect(record.points.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(record.points.at(-1)!.accuracy).toBe(teacher.accuracy);
    const recipe = tinyRecipe(pictures, { teachers: ["speednet8"] });
    const read = await readTeacher(join(plain, "0-speednet8.safetensors"), await prepareData(recipe, context));
    const { model, ...rest } = teacher;
    expect(read).toMatchObject(rest);
    expect(read!.model.name).toBe(model.name);
  });

  it("whitens by its training images, and keeps the filters", async () => {
    const folder = await temporaryFolder();
    const { weights } = await train(join(folder, "out"), await writePictures(join(folder, "pictures")), { epochs: 1 });
    const filters = weights.parameters["whiten.weight"]!.data as Float32Array;
    const half = filters.length / 2;
    expect(filters.subarray(half)).toEqual(filters.subarray(0, half).map((v) => -v));
    for (const [name, { data }] of Object.entries(weights.parameters)) {
      if (/norm\d\.weight$/.test(name)) expect([...data].every((v) => v === 1)).toBe(true);
    }
  });
});

it("watching validation images where there are none is refused before any work", () => {
  const recipe = tinyRecipe("photos", { validation: 0, teacher: { watch: "validation" } });
  expect(() => checkTeachers(recipe)).toThrow("teacher.watch: validation, but validation is 0");
  expect(() => checkTeachers(tinyRecipe("photos", { validation: 0, teacher: { watch: "test" } }))).not.toThrow();
});
