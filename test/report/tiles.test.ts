import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Comparison } from "../../src/evaluation/comparison.ts";
import { renderComparison } from "../../src/report/comparison/html.ts";

test("the highest set stands on the first tile, and random images beside it", async () => {
  const file = new URL("../../results/cifar10-match/comparison.json", import.meta.url);
  const page = renderComparison(JSON.parse(await readFile(file, "utf8")) as Comparison);
  const tiles = page.slice(page.indexOf("</h1>"), page.indexOf("</header>"));
  expect(tiles.indexOf("63.2 ± 0.5")).toBeGreaterThan(-1);
  expect(tiles.indexOf("36.0 ± 0.4")).toBeGreaterThan(tiles.indexOf("63.2 ± 0.5"));
});
