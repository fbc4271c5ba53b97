import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { filesIn, tinyFields, writePicture, writePictures } from "../pipeline/tiny.ts";
import { distillery } from "./command.ts";

/** Each ends with one message and before anything is written. */
describe("bad input is refused before anything is written", () => {
  let folder = "";
  const at = (...path: readonly string[]): string => join(folder, ...path);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-bad-"));
    await writePictures(at("pictures"));
    await writeFile(at("recipe.yaml"), stringify({ ...tinyFields, data: at("pictures") }));
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Runs on the tiny recipe with further options and returns status and message; nothing may have been written. */
  const refused = async (...options: readonly string[]): Promise<string> => {
    const { exit, stdout, stderr } = await distillery(
      folder,
      "run",
      "--recipe",
      at("recipe.yaml"),
      "--out",
      at("out"),
      ...options,
    );
    expect(existsSync(at("out"))).toBe(false);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(new RegExp(`^code [A-Z_]+, exit status ${exit}$`));
    return `${exit} ${lines[0]?.replace(/^error: /, "")}`;
  };

  const altered = async (name: string, change: (data: string) => Promise<void>): Promise<string> => {
    await cp(at("pictures"), at(name), { recursive: true });
    await change(at(name));
    return at(name);
  };

  const cut = async (file: string): Promise<void> => writeFile(file, (await readFile(file)).subarray(0, 90));

  it("a truncated image", async () => {
    const data = await altered("cut", (data) => cut(join(data, "train/kind1/3.png")));
    expect(await refused("--data", data)).toMatch(
      /^3 cut\/train\/kind1\/3\.png: cannot be read \(.+\); repair or remove it, or leave such files out with --skip-unreadable$/,
    );
  });

  it("a file that is no image", async () => {
    const data = await altered("text", (data) => writeFile(join(data, "test/kind0/0.png"), "hello"));
    expect(await refused("--data", data)).toMatch(/^3 text\/test\/kind0\/0\.png: cannot be read /);
  });

  it("a class without images", async () => {
    const data = await altered("empty", async (data) => {
      await rm(join(data, "train/kind2"), { recursive: true });
      await mkdir(join(data, "train/kind2"));
    });
    expect(await refused("--data", data)).toMatch(/^3 empty\/train\/kind2: class "kind2" has no image /);
  });

  it("unequal sizes", async () => {
    const data = await altered("sizes", (data) => writePicture(join(data, "train/kind1/0.png"), 10));
    expect(await refused("--data", data)).toMatch(
      /^3 images differ in size: .+ is 8x8, sizes\/train\/kind1\/0\.png is 10x10; give them one size with --resize N$/,
    );
  });

  it("other classes in the test images", async () => {
    const data = await altered("other", (data) => rename(join(data, "test/kind3"), join(data, "test/sort3")));
    expect(await refused("--data", data)).toMatch(
      /^3 other: training and test images have different classes: only other\/train has "kind3"; only other\/test has "sort3"/,
    );
  });

  it("an ipc too small for one base set", async () => {
    expect(await refused("--ipc", "1")).toBe(
      "4 ipc 1 is too small for 4 classes and 2 compensators a base set: one base set and its compensators need 6 images, 1 a class are 4; use --ipc 2 or more",
    );
  });

  it("an ipc larger than the data", async () => {
    expect(await refused("--ipc", "12")).toBe(
      '4 12 images a class asked for, but class "kind0" has 11; at most 11 images a class can be drawn from this data (not counting 4 training images held out for validation; --validation 0 holds out none)',
    );
    expect(await refused("--ipc", "13", "--validation", "0")).toMatch(/at most 12 images .+ from this data$/);
  });

  it("an unknown architecture, as teacher or student", async () => {
    expect(await refused("--teachers", "convnett")).toMatch(
      /^2 unknown architecture "convnett" \(did you mean "convnet"\?\); known: convnet/,
    );
    expect(await refused("--students", "resnet19")).toMatch(
      /^2 unknown architecture "resnet19" \(did you mean "resnet18"/,
    );
  });

  it("an architecture that is too deep for the images, as teacher or student", async () => {
    const message = "2 convnet8x9: images of 8x8 allow a width of at least 1 and a depth of 1 to 3";
    expect(await refused("--teachers", "convnet8x9")).toBe(message);
    expect(await refused("--students", "convnet8x9")).toBe(message);
  });

  it("an unknown option", async () => {
    expect(await refused("--lables", "static")).toMatch(/^2 unknown option '--lables' \(did you mean --labels\?\)/);
  });

  it("a recipe with a wrong field", async () => {
    const wrong = async (field: Readonly<Record<string, unknown>>): Promise<string> => {
      await writeFile(at("wrong.yaml"), stringify({ ...tinyFields, data: at("pictures"), ...field }));
      return refused("--recipe", at("wrong.yaml"));
    };
    expect(await wrong({ ipc: "three" })).toBe('2 wrong.yaml: ipc: expected a whole number of at least 1, got "three"');
    expect(await wrong({ teacher: { epochs: 0 } })).toBe(
      "2 wrong.yaml: teacher.epochs: expected a whole number of at least 1, got 0",
    );
    expect(await wrong({ teacher: { learningrate: 1 } })).toBe(
      '2 wrong.yaml: teacher.learningrate: unknown field (did you mean "learningRate"?)',
    );
  });

  it("data that are not there", async () => {
    expect(await refused("--data", "dmeo")).toMatch(/^3 data "dmeo" is neither .+ \(did you mean "demo"\?\)/);
    expect(await refused("--data", at("nowhere"))).toMatch(/^3 .*nowhere: no such folder; expected train\/<class>/);
  });

  it("a teacher's weight file that is not there, no teacher, or damaged", async () => {
    expect(await refused("--teachers", at("none.safetensors"))).toBe(
      "5 teacher none.safetensors: no such file; train one with distillery teach",
    );
    await writeFile(at("short.safetensors"), "short");
    expect(await refused("--teachers", at("short.safetensors"))).toMatch(
      /^5 short\.safetensors: not a usable safetensors file: it has 5 bytes/,
    );
  });

  it("unreadable images are left out on request, and counted", async () => {
    const data = await altered("skip", async (data) => {
      await cut(join(data, "train/kind1/3.png"));
      await writeFile(join(data, "test/kind0/0.png"), "hello");
    });
    const options = ["--skip-unreadable", "--seeds", "1", "--labels", "hard", "--json", "--out", at("skipped")];
    const { exit, stdout } = await distillery(folder, "run", "--recipe", at("recipe.yaml"), "--data", data, ...options);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ data: { skipped: 2, train: 43, test: 23 } });
    expect(JSON.parse(await readFile(at("skipped/report.json"), "utf8"))).toMatchObject({ data: { skipped: 2 } });
    expect(await filesIn(at("skipped"))).toContain("report.html");
  });
});
