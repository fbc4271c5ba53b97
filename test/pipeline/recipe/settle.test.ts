import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../../src/pipeline/pipeline.ts";
import { loadRecipe } from "../../../src/pipeline/recipe/file.ts";
import { settleEntries, settleMethod } from "../../../src/pipeline/recipe/settle.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { progressTo } from "../../../src/support/work/progress.ts";
import { prepared } from "../../distill/methods/workshop.ts";
import { quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "../tiny.ts";

let data: Prepared;
beforeAll(async () => {
  data = await prepared();
});

const settled = (fields: object) => settleMethod(tinyRecipe("photos", { ...fields }), data);
const entries = (methods: string[], fields: object = {}) =>
  settleEntries(
    tinyRecipe("photos", { ...fields, compare: { methods, ...(fields as { compare?: object }).compare } }),
    data,
  );

describe("best as a method", () => {
  test("is what is recommended, the recipe's steps and what is given on top of it", () => {
    const { recipe, best } = settled({ method: { name: "best", views: 2, learningRate: 0.5 } });
    expect(recipe.method).toMatchObject({ name: "match", networks: 3, real: 512, storage: "formation2" });
    expect(recipe.method).toMatchObject({ iterations: 15, views: 2, learningRate: 0.5, order: "random" });
    expect(best).toMatch(
      /^best is match .* for 3 classes at 8x8, 3 images a class and static, dynamic, hard labels, because/,
    );
    // What a run writes down is the same without the name.
    expect(settleMethod(recipe, data)).toEqual({ recipe });
  });

  test("has steps of its own before those of the recipe", () => {
    expect(settled({ method: { name: "best", iterations: 7 } }).recipe.method.iterations).toBe(7);
  });

  test("leaves every other method as it is", () => {
    const recipe = tinyRecipe("photos", { method: { name: "dm", real: 3 } });
    expect(settleMethod(recipe, data)).toEqual({ recipe });
  });

  test("does not take an option that what it stands for lacks", () => {
    expect(() => settled({ ipc: 50, method: { name: "best", views: 2 } })).toThrow(
      /^method: best is random for .*; random has no option views \(an option of infer, .*\); it has storage; leave it out, or name a method in place of best$/,
    );
  });

  test.each([
    [{ alpha: 1 }, "none of match, random takes it: match has no option alpha (an option of infer,"],
    [{ views: 0 }, "match, random takes it: views: expected a whole number of at least 1, got 0"],
    [{ networks: 0 }, "networks: expected a whole number of at least 1, got 0"],
    [{ order: "late" }, 'order: expected one of random, early-to-late, got "late"'],
    [{ realImages: "hard" }, 'realImages: expected one of random, clusters, easy-to-hard, got "hard"'],
  ])("is refused before the data are read with %j", (options, message) => {
    expect(() => tinyRecipe("photos", { method: { name: "best", ...options } })).toThrow(message);
  });
});

describe("best in a comparison", () => {
  test("is written out among the others, with its own settings", () => {
    const { recipe, best } = entries(["random", "best", "best real=9 labelBytes=4KB"]);
    expect(recipe.compare.methods).toEqual([
      "random",
      "match networks=3 epochs=6 real=512 views=10 storage=formation2",
      "match networks=3 epochs=6 views=10 storage=formation2 real=9 labelBytes=4KB",
    ]);
    expect(best).toMatch(/^best is match /);
    expect(settleEntries(recipe, data)).toEqual({ recipe });
  });

  test("is not compared with itself", () => {
    expect(entries(["best", "random"], { ipc: 50 }).recipe.compare.methods).toEqual(["random"]);
  });

  test("is refused at budgets for which it is not the same", () => {
    expect(() => entries(["best"], { compare: { ipc: [10, 50] } })).toThrow(
      /^compare\.methods: best is match .*, but best is random .*; compare budgets apart, or name methods in place of best$/,
    );
    expect(entries(["best"], { compare: { ipc: [1, 10] } }).recipe.compare.methods).toHaveLength(1);
  });

  test.each([
    [
      "best alpha=1",
      "expected best, or best and some of its settings, each once, as in best storage=images; it has storage,",
    ],
    ["best views=0", '"best views=0": expected best'],
    ["beste", 'got "beste" (did you mean "best"?)'],
  ])("is refused before the data are read: %s", (text, message) => {
    expect(() => tinyRecipe("photos", { compare: { methods: [text] } })).toThrow(message);
  });
});

test("a run says what the best is and why, and its recipe makes the same set without the name", async () => {
  const folder = await temporaryFolder();
  const small = { networks: 1, epochs: 1, moments: 1, views: 2 };
  const brief = {
    labels: ["hard"],
    iterations: 3,
    seeds: 1,
    teacher: { epochs: 1 },
    student: { epochs: 1 },
    full: { epochs: 0 },
  };
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures"), { train: 20 }), {
    ...brief,
    method: { name: "best", ...small },
  });
  const notes: string[] = [];
  const progress = progressTo((event) => void (event.type === "note" && notes.push(event.text)));
  const out = join(folder, "out");
  const { report } = await commands.run(recipe, quietly(out, { progress }));
  expect(report.best).toMatch(/^best is match .* hard labels, because .* \(results\/cifar10-match\)$/);
  expect(notes).toContain(report.best);
  expect(report.recipe.method).toMatchObject({ name: "match", ...small, real: 512 });
  expect(await readFile(join(out, "report.html"), "utf8")).toContain(report.best!);

  const set = await timesIn(join(out, "4-set"));
  expect((await commands.distill(recipe, quietly(out))).best).toBe(report.best);
  expect(await timesIn(join(out, "4-set"))).toEqual(set);
  const again = await commands.distill(await loadRecipe(join(out, "recipe.yaml")), quietly(join(folder, "again")));
  expect(again.best).toBeUndefined();
  expect(again.manifest.sha256).toBe((await commands.distill(recipe, quietly(out))).manifest.sha256);
});
