import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { list } from "tar";
import { expect, test } from "vitest";
import { exportFolder } from "../../src/export/export-folder.ts";
import { exportFormatOf } from "../../src/export/registry.ts";
import type { ExportSource } from "../../src/export/source.ts";
import type { Manifest } from "../../src/sets/set.ts";
import { exampleSet } from "../sets/example-set.ts";
import { filesOf, scratchFolder } from "./fixtures.ts";

/** Rows whose images are said to have so many pixels, and are three bytes each. */
const source = (length: number, side: number): ExportSource => {
  const manifest: Manifest = { ...exampleSet().manifest, image: { height: side, width: side }, parts: {} };
  const labels = Int32Array.from({ length }, (_, row) => row % 3);
  const never = (): never => {
    throw new Error("not asked for");
  };
  return {
    manifest,
    length,
    repeats: 1,
    hasLogits: false,
    labels,
    logits: never,
    floats: never,
    pngs: async function* (from, to) {
      for (let row = from; row < to; row += 7) {
        const n = Math.min(7, to - row);
        const pngs = Array.from({ length: n }, (_, i) => Uint8Array.of(row + i, (row + i) >> 8, 1));
        yield { from: row, length: n, labels: labels.subarray(row, row + n), pngs };
      }
    },
    nameOf: (row) => String(row).padStart(6, "0"),
    rounding: 0,
  };
};

test("hf: files of half a gigabyte, numbered and counted", async () => {
  const folder = await scratchFolder();
  // 48 MB an image: nine in a file.
  await exportFormatOf("hf").write(source(20, 4096), exportFolder(folder));
  const files = await filesOf(folder);
  expect(files).toEqual([0, 1, 2].map((shard) => `data/train-0000${shard}-of-00003.parquet`));
  const rows = await Promise.all(
    files.map(async (path) => parquetReadObjects({ file: await asyncBufferFromFile(join(folder, path)), utf8: false })),
  );
  expect(rows.map(({ length }) => length)).toEqual([9, 9, 2]);
  expect(rows.flat().map((row) => row.image.bytes[0])).toEqual([...Array(20).keys()]);
  expect(rows.flat().map((row) => String(row.image.path))).toContain("000019.png");
});

test("webdataset: ten thousand images a file", async () => {
  const folder = await scratchFolder();
  await exportFormatOf("webdataset").write(source(10_001, 4), exportFolder(folder));
  expect(await filesOf(folder)).toEqual(["train-000000.tar", "train-000001.tar"]);
  const paths: string[] = [];
  await list({
    file: join(folder, "train-000001.tar"),
    strict: true,
    onReadEntry: ({ path }) => void paths.push(path),
  });
  expect(paths).toEqual(["010000.png", "010000.cls", "010000.json"]);
  expect((await readFile(join(folder, "train-000001.tar"))).length).toBe(8 * 512);
});
