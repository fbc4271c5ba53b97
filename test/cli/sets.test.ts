import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../../src/sets/read.ts";
import { writeSet } from "../../src/sets/write.ts";
import { tinyImageNetFolder } from "../data/published-layouts.ts";
import { exampleSet } from "../sets/example-set.ts";
import { commandLine } from "./world.ts";

let scratch: string;
let whole: string;
let damaged: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "distillery-sets-"));
  whole = join(scratch, "whole");
  damaged = join(scratch, "damaged");
  await writeSet(whole, exampleSet());
  await writeSet(damaged, exampleSet());
  await appendFile(join(damaged, "labels.safetensors"), "x");
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe("inspect", () => {
  it("says what a set is", async () => {
    const { exit, stdout, stderr } = await commandLine(["inspect", whole]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain("example, 3 classes, images 5x4");
    expect(stdout).toContain("0 cat, 1 dog, 2 emu");
    expect(stdout).toContain("ipc 4: 2 base sets (6 images) + 4 compensators = 18 training images");
    expect(stdout).toContain(`convnet, 85.3 % on the test set, sha256 ${"a".repeat(64)}`);
    expect(stdout).toMatch(/bytes +total +\d/);
    expect(stdout).toContain("mean 0.5000 0.4000 0.3000, standard deviation 0.2500 0.2000 0.3000");
    expect(stdout).toContain("data example, ipc 4");
    expect(stdout).toContain("This set holds natural images.");
  });

  it("gives the manifest and the bytes as JSON", async () => {
    const { stdout } = await commandLine(["inspect", whole, "--json"]);
    const found = JSON.parse(stdout) as Record<string, unknown>;
    expect(found).toMatchObject(exampleSet().manifest);
    expect(found.bytes).toMatchObject({ total: expect.any(Number), labels: expect.any(Number) });
  });

  it("finds the only set of a run, and lists those of a comparison", async () => {
    const [run, comparison] = [join(scratch, "run"), join(scratch, "comparison")];
    await writeSet(join(run, "4-set"), exampleSet());
    for (const name of ["infer-ipc4", "random-ipc4"]) await writeSet(join(comparison, "sets", name), exampleSet());
    const { stdout } = await commandLine(["inspect", run]);
    const itself = await commandLine(["inspect", join(run, "4-set")]);
    expect(stdout).toBe(`the set of ${run} is ${join(run, "4-set")}\n\n${itself.stdout}`);
    const json = await commandLine(["inspect", run, "--json"]);
    expect(json).toEqual(await commandLine(["inspect", join(run, "4-set"), "--json"]));
    const many = await commandLine(["inspect", comparison]);
    expect(many).toMatchObject({ exit: 0, stderr: "" });
    expect(many.stdout).toMatch(/^.* holds 2 sets; name one of them:\n.*infer-ipc4 .*\n.*random-ipc4 .*\n$/);
  });

  it("refuses what is no set, exit 5", async () => {
    const { exit, stdout, stderr } = await commandLine(["inspect", scratch]);
    expect({ exit, stdout }).toEqual({ exit: 5, stdout: "" });
    expect(stderr).toMatch(/it is not a distilled set: it has no manifest.json/);
  });
});

describe("verify", () => {
  it("lists the parts of a whole set, exit 0", async () => {
    const { exit, stdout, stderr } = await commandLine(["verify", whole]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toMatch(/^ok {7}bases\/0.png +\d+ bytes\n/);
    expect(stdout).toContain(`${whole}: whole, 5 parts checked`);
    const { sha256 } = (await readManifest(whole)).manifest;
    expect(stdout).toContain(`sha256 ${sha256} stands for all of it; hashes guard against accidents`);
    expect(JSON.parse((await commandLine(["verify", whole, "--json"])).stdout)).toMatchObject({ ok: true, sha256 });
  });

  it("says of an older set that its manifest carries no hash", async () => {
    const older = fileURLToPath(new URL("../goldens/older-sets/v2-infer", import.meta.url));
    const { exit, stdout } = await commandLine(["verify", older]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/v2-infer: whole, 4 parts checked\nthis manifest carries no hash of itself/);
  });

  it("names what is damaged, exit 5", async () => {
    const { exit, stdout, stderr } = await commandLine(["verify", damaged]);
    expect(exit).toBe(5);
    expect(stdout).toMatch(/DAMAGED {2}labels.safetensors/);
    expect(stdout).toMatch(/problem {2}part labels.safetensors has \d+ bytes, the manifest says \d+/);
    expect(stderr).toMatch(/^error: .*not a whole distilled set/);
    const json = await commandLine(["verify", damaged, "--json"]);
    expect(json.exit).toBe(5);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, problems: [expect.stringContaining("labels")] });
  });
});

describe("data", () => {
  it("lists the sources", async () => {
    const { exit, stdout } = await commandLine(["data"]);
    expect(exit).toBe(0);
    for (const name of ["demo", "cifar10", "cifar100", "<imagenet>", "<folder>"]) expect(stdout).toContain(name);
    expect(JSON.parse((await commandLine(["data", "--json"])).stdout)).toHaveLength(6);
  });

  it("shows one: names, counts, normalisation", async () => {
    const { exit, stdout } = await commandLine(["data", "demo", "--json"]);
    expect(exit).toBe(0);
    const data = JSON.parse(stdout) as { classes: unknown[] };
    expect(data).toMatchObject({ name: "demo", image: { height: 32, width: 32 }, skipped: [] });
    expect(data.classes).toHaveLength(10);
    expect((await commandLine(["data", "demo"])).stdout).toMatch(/images +[\d,]+ to train, [\d,]+ to test/);
  });

  it("shows what people call the classes beside their identifiers", async () => {
    const folder = await tinyImageNetFolder();
    expect((await commandLine(["data", folder])).stdout).toMatch(
      /0 {2}n01443537 {2}2 \+ 1 {2}goldfish, Carassius auratus\n/,
    );
    const { classes } = JSON.parse((await commandLine(["data", folder, "--json"])).stdout) as { classes: unknown[] };
    expect(classes[0]).toEqual({ name: "n01443537", words: "goldfish, Carassius auratus", train: 2, test: 1 });
  });

  it("takes images of as many pixels as --max-pixels says, and says how many files were passed over", async () => {
    const folder = await tinyImageNetFolder();
    await writeFile(join(folder, "train", "notes.txt"), "");
    const { exit, stderr } = await commandLine(["data", folder, "--max-pixels", "63"]);
    expect([exit, stderr]).toEqual([3, expect.stringMatching(/8x8 are 64 pixels, more than the 63 .*--max-pixels N/)]);
    const { stdout } = await commandLine(["data", folder, "--max-pixels", "64", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ skipped: [], ignored: 1 });
    expect((await commandLine(["data", folder])).stdout).toMatch(/^ignored +1 file or folder beside the images$/m);
    expect((await commandLine(["data", folder, "--max-pixels", "0"])).exit).toBe(2);
  });

  it("refuses unknown data, exit 3", async () => {
    const { exit, stderr } = await commandLine(["data", "cifr10"]);
    expect(exit).toBe(3);
    expect(stderr).toMatch(/cifr10.*did you mean "cifar10"/);
  });
});
