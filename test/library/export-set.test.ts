import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportSet, formats, openSet, pushSet } from "../../src/library/index.ts";
import { filesIn, temporaryFolder } from "../pipeline/tiny.ts";

const ready = "sets/demo-ipc10";

test("an opened set is exported in every format there is", async () => {
  const folder = await temporaryFolder();
  await using set = await openSet(ready);
  for (const { name } of formats) {
    const made = await exportSet(set, { to: name, out: join(folder, name) });
    expect(made).toMatchObject({ format: name, images: set.length, classes: 10, logits: true });
    expect(await readFile(join(folder, name, "README.md"), "utf8")).toContain("of 32x32 pixels for 10 classes");
  }
  await expect(exportSet(set, { to: "hff", out: join(folder, "x") })).rejects.toMatchObject({ code: "USAGE" });
});

test("a push holds the set's own files and its images in Parquet, under one card", async () => {
  const { files, url } = await pushSet(ready, "hf://somebody/figures", { dryRun: true });
  const paths = files.map(({ path }) => path);
  expect(url).toMatch(/\/datasets\/somebody\/figures$/);
  expect(paths).toEqual(expect.arrayContaining([...(await filesIn(ready)), "data/train-00000-of-00001.parquet"]));
  expect(new Set(paths).size).toBe(paths.length);
});
