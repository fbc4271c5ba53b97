import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/pipeline/pipeline.ts";
import { exists } from "../../src/support/files.ts";
import { quietly, temporaryFolder, tinyRecipe, writePictures } from "./tiny.ts";

test("two names of one student, and one teacher's weights twice, are refused before anything is written", async () => {
  const folder = await temporaryFolder();
  const pictures = await writePictures(join(folder, "pictures"));
  const brief = { teachers: ["convnet8x1"], teacher: { epochs: 1 } };
  await commands.teach(tinyRecipe(pictures, brief), quietly(join(folder, "teachers")));
  const file = join(folder, "teachers", "2-teachers", "0-convnet8x1.safetensors");
  const copy = join(folder, "copy.safetensors");
  await copyFile(file, copy);
  const out = join(folder, "out");
  const run = (over: Record<string, unknown>) => commands.run(tinyRecipe(pictures, over), quietly(out));
  await expect(run({ students: ["convnet8", "convnet8x1"] })).rejects.toMatchObject({
    code: "RECIPE",
    message: "students: convnet8 and convnet8x1 are the same network, convnet8x1, for images of 8x8; leave one out",
  });
  await expect(run({ teachers: [file, "convnet8x1", copy] })).rejects.toMatchObject({
    code: "RECIPE",
    message: `teachers: ${file} and ${copy} are the same weights; leave one out`,
  });
  expect(await exists(out)).toBe(false);
});

test("one architecture is trained twice, from other weights", async () => {
  const folder = await temporaryFolder();
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), {
    teachers: ["convnet8x1", "convnet8x1"],
    teacher: { epochs: 1 },
  });
  const { report } = await commands.teach(recipe, quietly(join(folder, "out")));
  expect(new Set(report.teachers.map(({ sha256 }) => sha256)).size).toBe(2);
});
