import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { shippedRecipes } from "../../src/cli/recipes.ts";
import { checkArchitecture } from "../../src/models/registry.ts";
import { loadRecipe } from "../../src/pipeline/recipe/file.ts";
import { budgetOf } from "../../src/sets/index.ts";
import { commandLine } from "./world.ts";

describe("distillery recipes", () => {
  it("lists what comes with the program", async () => {
    const { exit, stdout, stderr } = await commandLine(["recipes"]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    const names = lines.map((line) => line.split(" ")[0]);
    expect(names.slice(0, 6)).toEqual([
      "cifar10-ipc10",
      "cifar10-ipc50",
      "cifar10-match",
      "cifar100-ipc10",
      "cifar100-ipc50",
      "cifar100-ipc100",
    ]);
    expect(lines[0]).toMatch(/^cifar10-ipc10 +INFER on CIFAR-10, 10 images a class/);
    const json = JSON.parse((await commandLine(["recipes", "--json"])).stdout) as { name: string }[];
    expect(json.map(({ name }) => name)).toEqual(names);
  });

  it("prints one as it stands in its file", async () => {
    const { exit, stdout } = await commandLine(["recipes", "cifar100-ipc50"]);
    expect(exit).toBe(0);
    expect(stdout).toBe(await readFile(new URL("../../recipes/cifar100-ipc50.yaml", import.meta.url), "utf8"));
    const json = JSON.parse((await commandLine(["recipes", "cifar100-ipc50", "--json"])).stdout) as { text: string };
    expect(json).toMatchObject({ name: "cifar100-ipc50", text: stdout });
  });

  it("knows the nearest name", async () => {
    const { exit, stderr } = await commandLine(["recipes", "cifar10-ipc5"]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(
      /recipe "cifar10-ipc5": no such recipe .*\(did you mean "cifar10-ipc\d+"\?\); `distillery rec/,
    );
  });
});

describe("--recipe NAME", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-recipes-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("finds a shipped recipe, and options win over it", async () => {
    const { calls } = await commandLine(["run", "--recipe", "cifar100-ipc50", "--seeds", "1"]);
    expect(calls[0]?.recipe).toMatchObject({ data: "cifar100", ipc: 50, seeds: 1, student: { epochs: 400 } });
  });

  it("is a file where there is one, and names what was looked for where there is nothing", async () => {
    const file = join(folder, "cifar100-ipc50");
    await writeFile(file, "data: demo\nipc: 3\n");
    expect((await commandLine(["run", "--recipe", file])).calls[0]?.recipe).toMatchObject({ data: "demo", ipc: 3 });
    const unknown = await commandLine(["run", "--recipe", "cifar100-ipc51"]);
    expect(unknown.stderr).toMatch(/recipe "cifar100-ipc51": there is no such file, and no such recipe comes with/);
    expect(unknown.stderr).toContain("code RECIPE");
    const path = await commandLine(["run", "--recipe", join(folder, "none.yaml")]);
    expect(path.stderr).toContain("none.yaml: cannot read the recipe: there is no such file");
  });
});

describe("shipped recipes", () => {
  it("are sound, and begin with a line that says what they are", async () => {
    const recipes = await shippedRecipes();
    expect(recipes.length).toBeGreaterThanOrEqual(9);
    for (const { name, about, file } of recipes) {
      expect(about, name).toMatch(/^[A-Z].{20,125}$/);
      const recipe = await loadRecipe(file);
      for (const architecture of [...recipe.teachers, ...recipe.students]) checkArchitecture(architecture);
    }
  });

  it("and those of results/ are of the form that recipes have now", async () => {
    const results = new URL("../../results/", import.meta.url);
    const files = (await readdir(results, { recursive: true })).filter((path) => path.endsWith(".yaml"));
    expect(files.length).toBeGreaterThanOrEqual(6);
    for (const file of files) {
      const recipe = await loadRecipe(fileURLToPath(new URL(file, results)));
      expect(recipe.method, file).toMatchObject({ name: "infer", alpha: 1 });
    }
  });

  // Base sets, compensators and training images as in the paper's tables.
  it.each([
    ["cifar10-ipc10", 10, 7, 28, 350],
    ["cifar10-ipc50", 10, 35, 140, 1750],
    ["cifar100-ipc10", 100, 9, 36, 4500],
    ["cifar100-ipc50", 100, 48, 192, 24_000],
    ["cifar100-ipc100", 100, 96, 384, 48_000],
    ["tiny-imagenet-ipc10", 200, 9, 36, 9000],
    ["tiny-imagenet-ipc50", 200, 49, 196, 49_000],
    ["imagenet1k-ipc10", 1000, 9, 27, 36_000],
    ["imagenet1k-ipc50", 1000, 49, 147, 196_000],
  ])("%s has the paper's budget", async (name, classes, bases, compensators, trainingImages) => {
    const { stdout } = await commandLine(["recipes", name, "--json"]);
    const { file, text } = JSON.parse(stdout) as { file: string; text: string };
    const recipe = await loadRecipe(file);
    expect(budgetOf(recipe.ipc, { classes, perBase: recipe.teachers.length })).toMatchObject({
      bases,
      compensators,
      trainingImages,
    });
    const said = `${bases} base sets and ${compensators} compensators make ${trainingImages.toLocaleString("en")} training images`;
    expect(text).toContain(said);
    expect(recipe.teacher).toMatchObject({ optimiser: "sgd", learningRate: 0.1, momentum: 0.9, schedule: "cosine" });
    const large = name.startsWith("imagenet");
    const crop = large ? "resize" : "shift";
    expect(recipe.teacher.crop).toBe(crop);
    expect(recipe.method).toEqual({
      name: "infer",
      storage: "images",
      bases: "random",
      precision: "F16",
      ...(large ? { iterations: 2000, alpha: 0.01, views: "crops" } : { iterations: 1000, alpha: 1, views: "shifts" }),
    });
    expect(recipe.student).toEqual({
      epochs: 400,
      batch: 64,
      learningRate: 1e-3,
      weightDecay: 0.01,
      temperature: 30,
      crop,
      mixup: 0.8,
    });
    expect(recipe.labels).toEqual(["static", "dynamic"]);
  });
});
