import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultsFor } from "../../../src/pipeline/recipe/defaults.ts";
import { loadRecipe, recipeToYaml } from "../../../src/pipeline/recipe/file.ts";
import { parseRecipe } from "../../../src/pipeline/recipe/parse.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-recipe-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = async (text: string, name = "recipe.yaml"): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};
const recipeError = (message: string) =>
  expect.objectContaining({ code: "RECIPE", message: expect.stringContaining(message) });

describe("recipe files", () => {
  it("gives a recipe back from its own text", async () => {
    const recipe = parseRecipe({ data: "photos", resize: 64, student: { learningRate: 1e-4 }, labels: ["hard"] }, "x");
    expect(await loadRecipe(await fileOf(recipeToYaml(recipe)))).toEqual(recipe);
    expect(await loadRecipe(await fileOf(JSON.stringify(recipe), "recipe.json"))).toEqual(recipe);
  });

  it("reads bytes in words and writes them as a number", async () => {
    const recipe = parseRecipe({ data: "demo", labelBytes: "0.5 MB", compare: { ipc: [1, 10] } }, "x");
    expect(recipe.labelBytes).toBe(500_000);
    expect(parseRecipe({ data: "demo", labelBytes: 300 }, "x").labelBytes).toBe(300);
    expect(recipeToYaml(recipe)).toContain("labelBytes: 500000\n");
    expect(await loadRecipe(await fileOf(recipeToYaml(recipe)))).toEqual(recipe);
    expect("labelBytes" in parseRecipe({ data: "demo" }, "x")).toBe(false);
  });

  it("lets overrides win over the file, and the file over the defaults", async () => {
    const file = await fileOf("data: photos\nipc: 20\nstudent:\n  epochs: 50\n  batch: 32\n");
    const recipe = await loadRecipe(file, { ipc: 30, student: { batch: 16 } });
    expect(recipe.ipc).toBe(30);
    expect(recipe.student).toEqual({ ...defaultsFor("photos").student, epochs: 50, batch: 16 });
  });

  it("takes the data from the overrides, with its defaults", async () => {
    const file = await fileOf("ipc: 20\n");
    expect(await loadRecipe(file, { data: "demo" })).toEqual(parseRecipe({ data: "demo", ipc: 20 }, "x"));
    await expect(loadRecipe(await fileOf(""))).rejects.toThrow(recipeError("data: expected demo"));
  });

  it("does not let an override hide a wrong field", async () => {
    const file = await fileOf("data: demo\nipc: lots\n");
    await expect(loadRecipe(file, { ipc: 3 })).rejects.toThrow(
      recipeError("recipe.yaml: ipc: expected a whole number"),
    );
  });

  it("says which of file and command line is contradicted by the data", async () => {
    const own = await fileOf("data: demo\nresize: 16\n");
    await expect(loadRecipe(own)).rejects.toThrow(recipeError(`${own}: resize is for image folders, not for demo`));
    const file = await fileOf("data: demo\n");
    const reason = `command line with ${file}: resize is for image folders, not for demo`;
    await expect(loadRecipe(file, { resize: 16 })).rejects.toThrow(recipeError(reason));
  });

  it("names file and line of wrong YAML", async () => {
    const file = await fileOf("data: demo\nstudent: {epochs: 3\nipc: 4\n");
    await expect(loadRecipe(file)).rejects.toThrow(recipeError(`${file}:3: not valid YAML`));
    await expect(loadRecipe(await fileOf("ipc: 1\nipc: 2\n"))).rejects.toThrow(
      recipeError("yaml:2: not valid YAML: Map keys"),
    );
    await expect(loadRecipe(await fileOf("just words"))).rejects.toThrow(recipeError('got "just words"'));
    await expect(loadRecipe(await fileOf("a: *b"))).rejects.toThrow(recipeError("not valid YAML"));
    await expect(loadRecipe(join(folder, "none.yaml"))).rejects.toThrow(recipeError("there is no such file"));
    await expect(loadRecipe(folder)).rejects.toThrow(recipeError("cannot read the recipe"));
  });
});

describe("recipe files of other programs", () => {
  it("are read by their byte order mark, as Windows PowerShell's", async () => {
    const file = join(folder, "utf16.yaml");
    const bytes = Buffer.from("\ufeffdata: demo\r\nipc: 20\r\n", "utf16le");
    for (const content of [bytes, Buffer.from(bytes).swap16()]) {
      await writeFile(file, content);
      expect(await loadRecipe(file)).toEqual(parseRecipe({ data: "demo", ipc: 20 }, "x"));
    }
    await writeFile(file, bytes.subarray(2));
    await expect(loadRecipe(file)).rejects.toThrow(
      recipeError(`${file}: cannot read the recipe: seems to be UTF-16LE`),
    );
    await writeFile(file, Buffer.from("# Gr\xf6\xdfe\ndata: demo\n", "latin1"));
    await expect(loadRecipe(file)).rejects.toThrow(recipeError("is not UTF-8 at byte offset 4, line 1"));
  });

  it.each([
    ["data: &a [*a]", 1],
    ["data: demo\nteacher: &a\n  epochs: 3\n  more: {of: *a}\n", 4],
    ["data: demo\n? &k [*k]\n: 3\n", 2],
  ])("have no alias inside of what it stands for: %j", async (text, line) => {
    const file = await fileOf(text);
    await expect(loadRecipe(file)).rejects.toThrow(recipeError(`${file}:${line}: not valid YAML: *`));
  });

  it("may use an alias beside what it stands for", async () => {
    const recipe = await loadRecipe(await fileOf("data: demo\nteachers: &nets [convnet32]\nstudents: *nets\n"));
    expect(recipe.students).toEqual(["convnet32"]);
  });

  it("are regular files of a recipe's size", async () => {
    await expect(loadRecipe(folder)).rejects.toThrow(recipeError("cannot read the recipe: is a folder, not a file"));
    await expect(loadRecipe("/dev/zero")).rejects.toThrow(recipeError("not a regular file"));
    const file = await fileOf(`data: demo\n#${" ".repeat(2 ** 20)}\n`);
    await expect(loadRecipe(file)).rejects.toThrow(recipeError("more than the 1048576 that it may have"));
  });
});
