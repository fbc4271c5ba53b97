import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { accuracyCsv, resultsPage } from "./results.ts";

// WRITE_DOCS=1 writes both anew.
test.each([
  ["docs/results.md", resultsPage],
  ["results/accuracy.csv", accuracyCsv],
])("%s says what the files of results/ say", (path, write) => {
  const file = new URL(`../../${path}`, import.meta.url);
  if (process.env.WRITE_DOCS === "1") writeFileSync(file, write());
  expect(readFileSync(file, "utf8")).toBe(write());
});
