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
    const made = entriesOf(recipe).map((entry) => recipeOf(recipe, entry, 7));
    expect(made.map(({ ipc }) => ipc)).toEqual(methods.map(() => 7));
    const own = { ...infer, iterations: 30, alpha: 0.5, bases: "confidence" };
    expect(made.map(({ method }) => method)).toEqual([
      own,
      { ...own, alpha: 2 },
      { ...own, name: "infer-noise" },
      { name: "infer-copies", storage: "images", bases: "confidence" },
      { name: "sre2l", storage: "images", iterations: 30, learningRate: 0.25, alpha: 0.01 },
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
    [{ method: { name: "infer", precision: "U8" } }, 'precision: expected one of F32, F16, I8, got "U8"'],
    [{ method: { name: "infer", alpha: "1" } }, 'alpha: expected a number of at least 0, got "1"'],
    [
      { method: { name: "infer", alpah: 1 } },
      'method: infer has no option alpah (did you mean "alpha"?); it has storage, iterations, alpha, bases, views, precision',
    ],
    [{ method: { name: "rded", real: 3 } }, "method: rded has no option real (an option of dm); it has storage"],
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
      "each once, as in dm storage=images; it has storage, iterations, learningRate, momentum, real, labelBytes, setBytes",
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
