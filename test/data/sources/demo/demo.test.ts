import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../../../src/data/dataset.ts";
import { demoDataset } from "../../../../src/data/sources/demo/demo.ts";
import { pixelsOf, readAll } from "../../fixtures.ts";

let demo: Dataset;
beforeAll(async () => {
  demo = await demoDataset(7);
});

test("has 400 training and 100 test images of each of ten classes", () => {
  expect(demo.classes).toHaveLength(10);
  expect(new Set(demo.classes).size).toBe(10);
  for (const [split, each] of [[demo.train, 400] as const, [demo.test, 100] as const]) {
    const counts = demo.classes.map((_, c) => split.labels.filter((label) => label === c).length);
    expect(counts).toEqual(demo.classes.map(() => each));
  }
});

test("the same seed paints the same pixels, another seed others", async () => {
  const digest = async (dataset: Dataset): Promise<string[]> =>
    (await pixelsOf(dataset)).map((pixels) => createHash("sha256").update(pixels).digest("hex"));
  const first = await digest(demo);
  expect(await digest(await demoDataset(7))).toEqual(first);
  const other = await digest(await demoDataset(8));
  expect(other[0]).not.toBe(first[0]);
  expect(other[1]).not.toBe(first[1]);
});

test("no image occurs twice, not in training and test together either", async () => {
  const size = 3 * 32 * 32;
  const seen = new Set<string>();
  for (const pixels of await pixelsOf(demo)) {
    for (let at = 0; at < pixels.length; at += size) {
      seen.add(
        createHash("md5")
          .update(pixels.subarray(at, at + size))
          .digest("hex"),
      );
    }
  }
  expect(seen.size).toBe(5000);
});

test("colour and brightness give the class away to nobody: class means are alike", async () => {
  const pixels = await readAll(demo.train);
  const size = 3 * 32 * 32;
  const means = demo.classes.map((_, c) => {
    let sum = 0;
    for (let i = c; i < 4000; i += 10) for (let k = 0; k < size; k++) sum += pixels[i * size + k]!;
    return sum / (400 * size);
  });
  expect(Math.max(...means) - Math.min(...means)).toBeLessThan(20);
});
