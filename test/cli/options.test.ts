import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultsFor, withoutLeast } from "../../src/pipeline/recipe/defaults.ts";
import { recipeFields } from "../../src/pipeline/recipe/schema.ts";
import { commandLine } from "./world.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-options-"));
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

const recipeOf = async (...args: readonly string[]) => (await commandLine(["run", ...args])).calls[0]?.recipe;

describe("options", () => {
  it("fill a recipe, the rest comes from the defaults of the data", async () => {
    const recipe = await recipeOf(
      ..."--data photos/ --ipc 20 --teachers convnet,resnet18 --labels static,dynamic --seeds 5 --seed 7".split(" "),
      ..."--method-option alpha=0.5 --resize 64 --skip-unreadable --teacher-epochs 3 --student-learning-rate 1e-4".split(
        " ",
      ),
      ..."--temperature 4 --mixup 0 --full-epochs 2 --device auto --teacher-optimiser adamw".split(" "),
    );
    const defaults = defaultsFor("photos/");
    expect(recipe).toEqual({
      ...defaults,
      data: "photos/",
      ipc: 20,
      teachers: ["convnet", "resnet18"],
      labels: ["static", "dynamic"],
      seeds: 5,
      seed: 7,
      method: { ...infer, alpha: 0.5 },
      resize: 64,
      skipUnreadable: true,
      device: "auto",
      teacher: { ...withoutLeast(defaults.teacher), epochs: 3, optimiser: "adamw" },
      student: { ...defaults.student, learningRate: 1e-4, temperature: 4, mixup: 0 },
      full: { ...withoutLeast(defaults.full), epochs: 2 },
    });
  });

  it("win over a recipe file, which wins over the defaults", async () => {
    const file = join(folder, "recipe.yaml");
    await writeFile(file, "data: demo\nipc: 20\nstudent:\n  epochs: 50\n  batch: 32\n");
    const recipe = await recipeOf("--recipe", file, "--ipc", "30", "--student-batch", "16");
    expect(recipe).toEqual({
      ...defaultsFor("demo"),
      data: "demo",
      ipc: 30,
      method: { ...infer, iterations: 200 },
      student: { ...defaultsFor("demo").student, epochs: 50, batch: 16 },
    });
  });

  it("exist for every field of a recipe, and say their defaults", async () => {
    const { stdout } = await commandLine(["run", "--help-all"]);
    const flags = new Set(stdout.match(/^ {2}--[a-z-]+/gm)?.map((flag) => flag.trim()));
    for (const { path } of recipeFields.filter(({ path }) => path[0] !== "compare")) {
      const last = (path.at(-1) ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(flags.has(`--${[...path.slice(0, -1), last].join("-")}`) || flags.has(`--${last}`), path.join(".")).toBe(
        true,
      );
    }
    expect(stdout).toMatch(/--iterations <n> [^(]*\(demo: 200\)/);
    expect(stdout).toMatch(/--method <name> [^(]*\(infer\)/);
    expect(stdout).toMatch(/Examples:/);
  });

  it.each([
    [["--student-epochs", "many"], '--student-epochs: expected a whole number of at least 1, got "many"'],
    [["--ipc", ""], '--ipc: expected a whole number of at least 1, got ""'],
    [["--ipc", "1.5"], "--ipc: expected a whole number of at least 1, got 1.5"],
    [["--labels", "static,hrad"], 'got "hrad" (did you mean "hard"?)'],
    [["--teachers", "convnet,"], "--teachers: expected a list of at least one architecture name"],
    [
      ["--device", "cudaa"],
      '--device: expected one of cpu, webgpu, cuda, cuda-tf32, auto, got "cudaa" (did you mean "cuda"?)',
    ],
    [["--iteration", "3"], "unknown option '--iteration' (did you mean --iterations?)"],
    [["--ipc"], "option '--ipc <n>' argument missing"],
    [["--jobs", "0"], '--jobs: expected a whole number of at least 1, got "0"'],
    [["--jobs", "two"], '--jobs: expected a whole number of at least 1, got "two"'],
    [
      ["surplus"],
      'too many arguments for run, which takes none beside --data: "surplus" after --data demo (a value with',
    ],
    [
      ["--skip-unreadable", "false"],
      'which takes none beside --data: "false" after --skip-unreadable, which takes no value;',
    ],
    [
      ["--label-bytes", "1", "KB"],
      '"KB" after --label-bytes 1 (a value with blanks goes in quotes: --label-bytes "1 KB")',
    ],
    [["--teachers=convnet", "resnet18"], '"resnet18" after --teachers=convnet (a value with blanks goes in quotes: --'],
    [["--json", "1", "2"], '"1" after --json, which takes no value, "2";'],
  ])("are refused by name: %j", async (args, message) => {
    const { exit, stderr, stdout, calls } = await commandLine(["run", "--data", "demo", ...args]);
    expect(stderr).toContain(`error: `);
    expect(stderr).toContain(message);
    expect(stderr).toContain("code USAGE, exit status 2");
    expect({ exit, stdout, calls }).toEqual({ exit: 2, stdout: "", calls: [] });
  });

  it.each([
    [["evaluate", "--data", "demo", "--skip-unreadable", "false"], 'at most 1: "false" after --skip-unreadable, which'],
    [
      ["data", "--skip-unreadable", "false", "photos"],
      '"false" after --skip-unreadable, which takes no value, "photos"',
    ],
    [["verify", "one", "two"], 'too many arguments for verify, which takes at most 1: "one", "two"'],
  ])("leave no word over: %j", async (args, message) => {
    const { exit, stderr } = await commandLine(args);
    expect(stderr).toContain(message);
    expect(exit).toBe(2);
  });

  it("stand before and behind an argument", async () => {
    const { calls } = await commandLine(["evaluate", "--json", "some/set", "--data", "demo"]);
    expect(calls[0]?.context).toMatchObject({ set: "some/set" });
  });

  it.each([
    ["run --data demo --out", "--out: expected a folder"],
    ["run --recipe", "--recipe: expected a file or a name"],
    ["compare --data cifar10 --archive", "--archive: expected a file or folder"],
    ["teach --data", "--data: expected demo"],
    ["distill --data demo --teachers", "--teachers: expected a list"],
    ["evaluate --data demo", "set: expected the folder"],
    ["inspect", "set: expected the folder"],
    ["verify", "set: expected the folder"],
    ["data", "source: expected demo"],
    ["recipes", "recipe: expected a recipe"],
  ])("and arguments that are empty are refused, as of a shell variable that is not set: %s", async (line, message) => {
    for (const empty of ["", " "]) {
      const { exit, stderr, calls } = await commandLine([...line.split(" "), empty]);
      expect({ exit, calls }).toEqual({ exit: 2, calls: [] });
      expect(stderr).toMatch(new RegExp(`^error: ${message}`));
    }
  });

  it("must say which data; a wrong recipe file is named", async () => {
    const without = await commandLine(["distill"]);
    expect(without.exit).toBe(2);
    expect(without.stderr).toMatch(/no data given: add --data demo/);
    const file = join(folder, "wrong.yaml");
    await writeFile(file, "data: demo\nstudent:\n  epoch: 3\n");
    const wrong = await commandLine(["run", "--recipe", file]);
    expect(wrong.stderr).toContain(`error: ${file}: student.epoch: unknown field (did you mean "epochs"?)`);
    expect(wrong.stderr).toContain("code RECIPE");
    expect(wrong.exit).toBe(2);
  });
});
