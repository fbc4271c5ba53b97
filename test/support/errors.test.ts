import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { errorTable } from "../../src/support/errors.ts";

it("docs/errors.md has one row for every code, with its exit status, its meaning, and what to do", async () => {
  const text = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.+?) \| (.+) \|$/gm)];
  const documented = rows.map(([, code, exit, meaning]) => [code, { exit: Number(exit), meaning }]);
  expect(Object.fromEntries(documented)).toEqual(errorTable);
  expect(rows).toHaveLength(Object.keys(errorTable).length);
  for (const row of rows) expect(row[4]?.length).toBeGreaterThan(20);
});
