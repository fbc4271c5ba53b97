import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { readJson, readSealed, writeSealed } from "../../src/support/json-files.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

const schema = z.strictObject({ key: z.string(), values: z.array(z.number().nullable()) });
const value = { key: "k", values: [1, -0.1, 1e-300, Number.NaN] };

it("reads back what was sealed, and tells of anything else by name", async () => {
  const file = join(await temporaryFolder(), "result.json");
  const told: string[] = [];
  const read = () => readSealed(file, schema, (path) => told.push(path));
  expect(await read()).toBeUndefined();
  await writeSealed(file, value);
  expect(await read()).toEqual({ key: "k", values: [1, -0.1, 1e-300, null] });
  expect(told).toEqual([]);

  const text = await readFile(file, "utf8");
  const damages = [
    text.replace("-0.1", "-0.2"),
    text.replace('"k"', '"l"'),
    text.replace("sha256", "sha257"),
    // The same value to JSON.
    text.replace('  "key": "k",\n', (line) => line + line),
    text.replace("    1,", "    1.0,"),
    `${text}\n`,
    text.slice(0, -20),
    '{"key":"k"}',
    '{"key":"k","values":[]}',
    "[",
    "null",
    "[]",
    "3",
    "",
    "[".repeat(100_000),
  ];
  for (const damage of damages) {
    await writeFile(file, damage);
    expect(await read(), damage.slice(0, 50)).toBeUndefined();
  }
  expect(told).toEqual(damages.map(() => file));
});

it("reads JSON that fits", async () => {
  const file = join(await temporaryFolder(), "seconds.json");
  const told: string[] = [];
  const read = () => readJson(file, z.record(z.string(), z.number()), (path) => told.push(path));
  expect(await read()).toBeUndefined();
  await writeFile(file, '{"data": 1}');
  expect(await read()).toEqual({ data: 1 });
  for (const text of ['{"data": "x"}', "[", "null"]) {
    await writeFile(file, text);
    expect(await read()).toBeUndefined();
  }
  expect(told).toEqual([file, file, file]);
});
