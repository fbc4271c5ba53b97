import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkArchitecture } from "../../../src/models/registry.ts";
import { defaultsFor } from "../../../src/pipeline/recipe/defaults.ts";
import { entriesOf, recipeOf } from "../../../src/pipeline/recipe/entry.ts";
import { loadRecipe, recipeToYaml } from "../../../src/pipeline/recipe/file.ts";
import { parseRecipe } from "../../../src/pipeline/recipe/parse.ts";
import { recipeFields } from "../../../src/pipeline/recipe/schema.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-recipe-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** INFER with its defaults, written out. */
const infer = {
  name: "infer",
  storage: "images",
  iterations: 1000,
  alpha: 1,
  bases: "random",
  views: "shifts",
  precision: "F16",
};

const fileOf = async (text: string, name = "recipe.yaml"): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};
const recipeError = (message: string) =>
  expect.objectContaining({ code: "RECIPE", message: expect.stringContaining(message) });

describe("parseRecipe", () => {
  it("completes a recipe from the defaults of its data", () => {
    expect(parseRecipe({ data: "photos" }, "x")).toEqual({ data: "photos", ...defaultsFor("photos"), method: infer });
    const quick = { ...infer, iterations: 200 };
    expect(parseRecipe({ data: "demo" }, "x")).toEqual({ data: "demo", ...defaultsFor("demo"), method: quick });
    expect(defaultsFor("demo").iterations).toBe(200);
  });

  it("takes a method by its name, or with options, and writes out the others", () => {
    const methodOf = (method: unknown, more: object = {}) =>
      parseRecipe({ data: "photos", method, ...more }, "x").method;
    expect(methodOf("infer")).toEqual(infer);
    expect(methodOf({ name: "infer", alpha: 0.01, views: "crops" })).toEqual({ ...infer, alpha: 0.01, views: "crops" });
    expect(methodOf("random")).toEqual({ name: "random", storage: "images" });
    expect(methodOf("random", { iterations: 5 })).toEqual({ name: "random", storage: "images" });
    expect(methodOf("dm", { iterations: 5 })).toMatchObject({ name: "dm", iterations: 5, learningRate: 1 });
    expect(methodOf({ name: "dm", iterations: 7 }, { iterations: 5 })).toMatchObject({ iterations: 7 });
    expect(methodOf({ alpha: 2 })).toEqual({ ...infer, alpha: 2 });
  });

  it("tells of one set of a comparison by which options it is made", () => {
    const methods = ["infer", "infer alpha=2", "infer-noise", "infer-copies", "sre2l", "dm iterations=9", "random"];
    const method = { name: "infer", alpha: 0.5, bases: "confidence" };
    const recipe = parseRecipe({ data: "photos", method, iterations: 30, compare: { methods } }, "x");
    const made = entriesOf(recipe).map((entry) => recipeOf(recipe, entry, { ipc: 7 }));
    expect(made.map(({ ipc }) => ipc)).toEqual(methods.map(() => 7));
    const own = { ...infer, iterations: 30, alpha: 0.5, bases: "confidence" };
    expect(made.map(({ method }) => method)).toEqual([
      own,
      { ...own, alpha: 2 },
      { ...own, name: "infer-noise" },
      { name: "infer-copies", storage: "images", bases: "confidence" },
      { name: "sre2l", storage: "images", iterations: 30, learningRate: 0.25, alpha: 0.01, bits: 8 },
      expect.objectContaining({ name: "dm", iterations: 9 }),
      { name: "random", storage: "images" },
    ]);
  });

  it("keeps the other fields of a group", () => {
    const { student } = parseRecipe({ data: "photos", student: { epochs: 7 } }, "x");
    expect(student).toEqual({ ...defaultsFor("photos").student, epochs: 7 });
  });

  it.each([
    [{ student: { epochs: "many" } }, 'recipe.yaml: student.epochs: expected a whole number of at least 1, got "many"'],
    [{ student: { epochs: 1.5 } }, "student.epochs: expected a whole number of at least 1, got 1.5"],
    [{ ipc: 0 }, "ipc: expected a whole number of at least 1, got 0"],
    [{ ipc: Number.NaN }, "ipc: expected a whole number of at least 1, got NaN"],
    [{ validation: 0.9 }, "validation: expected a number from 0 to 0.5, got 0.9"],
    [{ student: { epoch: 3 } }, 'student.epoch: unknown field (did you mean "epochs"?)'],
    [{ iteration: 3 }, 'iteration: unknown field (did you mean "iterations"?)'],
    [{ zzzzzzzz: 3 }, "zzzzzzzz: unknown field; known are data, resize,"],
    [{ device: "gpu" }, 'device: expected one of cpu, webgpu, cuda, cuda-tf32, auto, got "gpu" (did you mean "cpu"?)'],
    [{ labels: ["statik"] }, 'labels.0: expected a list of static, dynamic or hard, each at most once, got "statik"'],
    [{ labels: "static" }, 'labels: expected a list of static, dynamic or hard, each at most once, got "static"'],
    [{ labels: ["hard", "hard"] }, "labels: expected a list"],
    [{ teachers: [] }, "teachers: expected a list of at least one architecture name, got []"],
    [
      { students: ["convnet", "convnet"] },
      "students: expected a list of at least one architecture name, each at most once",
    ],
    [{ teacher: 3 }, "teacher: expected a group of the fields epochs, batch,"],
    [{ teacher: null }, "teacher: expected a group of the fields epochs, batch,"],
    [{ data: "" }, "data: expected demo, cifar10, cifar100 or the path of an image folder"],
    [{ teacher: { momentum: 1 } }, "teacher.momentum: expected a number of at least 0 and below 1, got 1"],
    [{ teacher: { shift: 4 } }, "teacher.shift: expected a number from 0 to 0.5, got 4"],
    [{ teacher: { flip: "alternate" } }, 'teacher.flip: expected one of random, alternating, got "alternate"'],
    [{ resize: 4 }, "resize: expected a whole number from 8 to 1024, got 4"],
    [{ method: "herdin" }, 'got "herdin" (did you mean "herding"?)'],
    [{ method: { name: "herdin" } }, 'got "herdin" (did you mean "herding"?)'],
    [{ method: 3 }, "method: expected one of infer, infer-copies"],
    [{ method: null }, "method: expected one of infer, infer-copies"],
    [{ method: { name: "infer", bases: "best" } }, 'bases: expected one of random, confidence, got "best"'],
    [{ method: { name: "infer", precision: "U8" } }, 'precision: expected one of F32, F16, I8, I4, got "U8"'],
    [{ method: { name: "infer", alpha: "1" } }, 'alpha: expected a number of at least 0, got "1"'],
    [
      { method: { name: "infer", alpah: 1 } },
      'method: infer has no option alpah (did you mean "alpha"?); it has storage, iterations, alpha, bases, views, precision',
    ],
    [
      { method: { name: "rded", real: 3 } },
      "method: rded has no option real (an option of dm, dsdm, ncfm, idc, match, curriculum, infer-match, infer-intra); it has storage",
    ],
    [
      { alpha: 1 },
      "recipe.yaml: alpha: unknown field; it is an option of the method, as in method: {name: infer, alpha: ...}",
    ],
    [
      { momentum: 1 },
      "momentum: unknown field; it is an option of the method, as in method: {name: dm, momentum: ...}",
    ],
    [
      { compensatorViews: "crops" },
      "compensatorViews: unknown field; it is an option of the method, as in method: {name: infer, views: ...}",
    ],
    [
      { compensatorPrecision: "I8" },
      "compensatorPrecision: unknown field; it is an option of the method, as in method: {name: infer, precision: ...}",
    ],
    [{ labelBytes: "lots" }, 'labelBytes: expected a number of bytes such as 20000, 20KB or 0.5MB, got "lots"'],
    [{ labelBytes: 0 }, "labelBytes: expected a number of bytes such as 20000, 20KB or 0.5MB, got 0"],
    [{ compare: { methods: ["infer", "srel2"] } }, 'got "srel2" (did you mean "sre2l"?)'],
    [{ compare: { methods: ["infer", "infer"] } }, "compare.methods: expected a list of infer, infer-copies"],
    [
      { compare: { methods: ["infer  labelBytes=2KB", "infer labelBytes=2000"] } },
      "compare.methods: expected a list of",
    ],
    [
      { compare: { methods: ["infer alpha=2 iterations=9", "infer iterations=9 alpha=2"] } },
      "compare.methods: expected a",
    ],
    [{ compare: { ipc: [5, 5] } }, "compare.ipc: expected a list of different whole numbers of at least 1, got [5,5]"],
    [{ ipc: -1, seeds: -1, seed: -1 }, "(and 2 more wrong fields)"],
  ])("names field, expectation and value: %j", (fields, message) => {
    expect(() => parseRecipe({ data: "demo", ...fields }, "recipe.yaml")).toThrow(recipeError(message));
  });

  it.each([
    [{ data: "demo", resize: 16 }, "r: resize is for image folders, not for demo; leave it out"],
    [{ data: "cifar10", resize: 16 }, "r: resize is for image folders, not for cifar10; leave it out"],
    [
      { data: "cifar100", skipUnreadable: true },
      "r: skipUnreadable is for image folders, not for cifar100; leave it out",
    ],
    [
      { data: "x", compare: { methods: ["random", "random iterations=5"] } },
      'r: compare.methods.1: "random iterations=5": expected random, or random and some of its settings',
    ],
    [
      { data: "x", compare: { methods: ["dm precision=I8"] } },
      "each once, as in dm storage=images; it has storage, iterations, learningRate, momentum, real, bits, labelBytes, setBytes",
    ],
  ])("refuses what means nothing: %j", (fields, message) => {
    expect(() => parseRecipe(fields, "r")).toThrow(recipeError(message));
  });

  it("takes the fields of its own making, whatever the data", () => {
    for (const data of ["demo", "cifar10", "photos"]) {
      const recipe = parseRecipe({ data, method: "random" }, "x");
      expect(parseRecipe(recipe, "x")).toEqual(recipe);
    }
    expect(parseRecipe({ data: "demo", skipUnreadable: false }, "x").skipUnreadable).toBe(false);
    expect(parseRecipe({ data: "./demo", resize: 16 }, "x").resize).toBe(16);
  });

  it("asks for the data, and for fields", () => {
    expect(() => parseRecipe({}, "r")).toThrow(recipeError("r: data: expected demo, cifar10"));
    expect(() => parseRecipe([1], "r")).toThrow(recipeError("r: expected a group of the fields data"));
    expect(() => parseRecipe(JSON.parse('{"data":"demo","__proto__":{"ipc":3}}'), "r")).toThrow(
      recipeError("__proto__"),
    );
  });
});

describe("recipeFields", () => {
  it("knows every field, its kind, and says something about it", () => {
    const kinds = Object.fromEntries(recipeFields.map(({ path, kind }) => [path.join("."), kind]));
    expect(kinds).toMatchObject({
      data: "text",
      resize: "number",
      skipUnreadable: "flag",
      teachers: "list",
      labels: "list",
      ipc: "number",
      device: "text",
      method: "text",
      labelBytes: "text",
      "compare.methods": "list",
      "compare.ipc": "numbers",
      "student.learningRate": "number",
      "teacher.optimiser": "text",
    });
    for (const { expects, help } of recipeFields) expect(expects.length * help.length).toBeGreaterThan(0);
  });
});

describe("recipes/", () => {
  it("compare-demo puts INFER beside its ablations and rivals, at the demo's budget", async () => {
    const recipe = await loadRecipe(new URL("../../../recipes/compare-demo.yaml", import.meta.url).pathname);
    expect(recipe.compare.methods).toEqual(defaultsFor("demo").compare.methods);
    expect(recipe).toMatchObject({ data: "demo", ipc: 10, seeds: 3, labels: ["static"] });
  });

  it.each(["teacher-cifar10-fast", "teacher-cifar10-94"])("%s is a whole recipe for one teacher", async (name) => {
    const file = new URL(`../../../recipes/${name}.yaml`, import.meta.url).pathname;
    const recipe = await loadRecipe(file);
    expect(recipe).toMatchObject({
      data: "cifar10",
      validation: 0,
      teacher: { schedule: "triangle", lookahead: true },
    });
    expect(recipe.teachers).toHaveLength(1);
    for (const teacher of recipe.teachers) expect(() => checkArchitecture(teacher)).not.toThrow();
    expect(await loadRecipe(await fileOf(recipeToYaml(recipe)))).toEqual(recipe);
  });
});
