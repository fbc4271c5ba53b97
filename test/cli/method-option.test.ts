import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { methods } from "../../src/distill/registry.ts";
import { commandLine } from "./world.ts";

const methodOf = async (line: string, ...more: readonly string[]) => {
  const { calls, stderr } = await commandLine([...line.split(" "), ...more]);
  expect(stderr).toBe("");
  return calls[0]?.recipe.method;
};

describe("--method-option", () => {
  it("sets an option of the method, again for each further one", async () => {
    expect(
      await methodOf(
        "run --data demo --method-option alpha=0.5 --method-option bases=confidence --method-option precision=I8",
      ),
    ).toMatchObject({
      name: "infer",
      iterations: 200,
      alpha: 0.5,
      bases: "confidence",
      views: "shifts",
      precision: "I8",
    });
    expect(await methodOf("distill --data demo --method-option=momentum=0 --method dm")).toMatchObject({
      name: "dm",
      momentum: 0,
      learningRate: 1,
    });
    expect(await methodOf("teach --data demo --method-option", " alpha = 2 ")).toMatchObject({ alpha: 2 });
  });

  it("wins over a recipe file, whose other options stay", async () => {
    expect(await methodOf("run --recipe imagenet1k-ipc10 --method-option alpha=0.5")).toEqual({
      name: "infer",
      storage: "images",
      iterations: 2000,
      alpha: 0.5,
      bases: "random",
      views: "crops",
      precision: "F16",
    });
  });

  it("is one of the method that is asked for now, with none of another's options", async () => {
    expect(await methodOf("run --recipe imagenet1k-ipc10 --method sre2l --method-option learningRate=0.1")).toEqual({
      name: "sre2l",
      storage: "images",
      iterations: 1000,
      learningRate: 0.1,
      alpha: 0.01,
      bits: 8,
    });
  });

  it("has its own steps before those of the recipe, which --iterations takes the place of", async () => {
    expect(await methodOf("run --data demo --iterations 9 --method-option iterations=7")).toMatchObject({
      iterations: 7,
    });
    expect(await methodOf("run --recipe imagenet1k-ipc10 --iterations 9")).toMatchObject({
      iterations: 9,
      views: "crops",
    });
    const folder = await mkdtemp(join(tmpdir(), "distillery-method-option-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "recipe.yaml");
    await writeFile(file, "data: photos\nmethod: dm\niterations: 30\n");
    expect(await methodOf("run --recipe", file)).toMatchObject({ name: "dm", iterations: 30 });
    expect(await methodOf("run --iterations 40 --recipe", file)).toMatchObject({ name: "dm", iterations: 40 });
  });

  it("goes on top of the best, whose method is known once the data are", async () => {
    const options = "--method-option networks=2 --method-option storage=images";
    expect(await methodOf(`run --data demo --method best --iterations 9 ${options}`)).toEqual({
      name: "best",
      networks: 2,
      storage: "images",
    });
  });

  it.each([
    [
      "run --data demo --method best --method-option alpha=1",
      "--method-option alpha=1: none of match, random takes it: match has no option alpha (an option of infer,",
    ],
    [
      "run --data demo --method match --method-option order=late",
      '--method-option order=late: order: expected one of random, early-to-late, got "late"',
    ],
    [
      "run --data demo --method match --method-option networks=0",
      '--method-option networks=0: networks: expected a whole number of at least 1, got "0"',
    ],
    [
      "run --data demo --method-option alpha",
      '--method-option: expected NAME=VALUE as in --method-option alpha=0.5, got "alpha"',
    ],
    [
      "run --data demo --method-option =3",
      '--method-option: expected NAME=VALUE as in --method-option alpha=0.5, got "=3"',
    ],
    [
      "run --data demo --method-option alpah=3",
      '--method-option alpah=3: infer has no option alpah (did you mean "alpha"?); it has storage, iterations, alpha, bases, views, precision',
    ],
    [
      "run --data demo --method rded --method-option bases=confidence",
      "--method-option bases=confidence: rded has no option bases (an option of infer, infer-copies, infer-noise, infer-one-teacher); it has storage",
    ],
    ["run --data demo --method-option __proto__=3", "infer has no option __proto__; it has storage, iterations, "],
    ["run --data demo --method-option name=dm", "infer has no option name; it has storage, iterations, "],
    [
      "run --data demo --method-option alpha=x",
      '--method-option alpha=x: alpha: expected a number of at least 0, got "x"',
    ],
    [
      "run --data demo --method-option alpha=",
      '--method-option alpha=: alpha: expected a number of at least 0, got ""',
    ],
    ["distill --data demo --method-option bases=best", 'bases: expected one of random, confidence, got "best"'],
    ["run --data demo --method-option precision=U8", 'precision: expected one of F32, F16, I8, I4, got "U8"'],
    [
      "run --data demo --method-option alpha=1 --method-option alpha=2",
      "--method-option: alpha is given more than once; give it once",
    ],
    [
      "compare --data demo --method-option alpha=1 --method-option bases=random",
      '--method-option is for the other commands; write it behind its method, as in --compare-methods "infer alpha=1 bases=random,random"',
    ],
    ["run --data demo --alpha 0.5", "unknown option '--alpha'"],
  ])("is refused: %s", async (line, message) => {
    const { exit, stderr, calls } = await commandLine(line.split(" "));
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error: .*\ncode USAGE, exit status 2\n$/);
    expect({ exit, calls }).toEqual({ exit: 2, calls: [] });
  });
});

describe("help", () => {
  it.each(["run", "compare"])(
    "of %s says what each method is, and its options with their defaults",
    async (command) => {
      const { stdout } = await commandLine([command, "--help-all"]);
      for (const { name, title, about, paper } of methods) {
        expect(stdout).toContain(
          `  ${name.padEnd(18)} ${title}${paper === undefined ? "" : ` (arXiv ${paper})`}: ${about}\n`,
        );
      }
      const section = (name: string): string => new RegExp(`^  ${name} .*\\n((?:    .*\\n?)*)`, "m").exec(stdout)![1]!;
      for (const { name, options } of methods) {
        const said = section(name);
        let shown = 0;
        for (const [option, value] of Object.entries(options.parse({}))) {
          const line = new RegExp(`^    ${option}=${String(value)} +\\S.{9,}$`, "m");
          // What every method has is said once, and again where it is something else by default.
          const usual = option === "storage" && value === "images";
          expect(usual ? section("every") : said, `${name} ${option}`).toMatch(line);
          shown += Number(!usual);
        }
        expect(said.trim() === "" ? 0 : said.trim().split("\n").length).toBe(shown);
      }
    },
  );
});
