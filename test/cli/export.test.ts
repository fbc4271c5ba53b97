import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeSet } from "../../src/sets/write.ts";
import { filesOf, scratchFolder } from "../export/fixtures.ts";
import { exampleSet } from "../sets/example-set.ts";
import { commandLine } from "./world.ts";

let scratch: string;
let set: string;
beforeAll(async () => {
  scratch = await scratchFolder();
  set = join(scratch, "set");
  await writeSet(set, exampleSet());
});

describe("export", () => {
  it("writes a set for others and shows how to open it", async () => {
    const out = join(scratch, "npz");
    const { exit, stdout } = await commandLine(["export", set, "--to", "npz", "--out", out]);
    expect(exit).toBe(0);
    expect(stdout).toContain(`${out}: 18 images of 3 classes, labels and logits, `);
    expect(stdout).toContain(`numpy.load("${out}/train.npz")`);
    expect(await filesOf(out)).toEqual(["README.md", "class_index.json", "croissant.json", "train.npz"]);
  });

  it("prints counts and files as JSON", async () => {
    const out = join(scratch, "json");
    const { exit, stdout } = await commandLine(["export", set, "--to", "hf", "--out", out, "--json"]);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ folder: out, format: "hf", images: 18, classes: 3, logits: true });
    expect((JSON.parse(stdout) as { files: { path: string }[] }).files.map(({ path }) => path)).toEqual([
      "data/train-00000-of-00001.parquet",
      "README.md",
      "class_index.json",
      "croissant.json",
    ]);
  });

  it("names every format in its help", async () => {
    const { stdout } = await commandLine(["export", "--help"]);
    for (const name of ["hf", "imagefolder", "webdataset", "npz", "safetensors"])
      expect(stdout).toContain(`\n  ${name} `);
  });

  it("refuses before anything is written", async () => {
    const damaged = join(scratch, "damaged");
    await writeSet(damaged, exampleSet());
    await appendFile(join(damaged, "bases/0.png"), "x");
    const refused = async (exit: number, message: RegExp, ...args: string[]): Promise<void> => {
      const ran = await commandLine(["export", ...args]);
      expect([ran.exit, ran.stderr]).toEqual([exit, expect.stringMatching(message)]);
    };
    const out = join(scratch, "refused");
    await refused(
      2,
      /unknown format "hff" \(did you mean "hf"\?\); known: hf, imagefolder/,
      set,
      "--to",
      "hff",
      "--out",
      out,
    );
    await refused(2, /is there and is not empty; choose another --out/, set, "--to", "hf", "--out", damaged);
    await refused(2, /lies inside the set/, set, "--to", "hf", "--out", join(set, "export"));
    await refused(2, /--to/, set, "--out", out);
    await refused(5, /part bases\/0.png has \d+ bytes/, damaged, "--to", "hf", "--out", out);
    expect((await filesOf(scratch)).filter((path) => path.includes("refused") || path.includes("export"))).toEqual([]);
  });
});
