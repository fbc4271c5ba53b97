import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonSchemaOf, schemaIds } from "../../src/evaluation/json-schema.ts";
import { toJson } from "../../src/support/files.ts";
import { makeComparison } from "../report/compare-fixtures.ts";
import { makeReport } from "../report/fixtures.ts";
import { reportsPage } from "./reports.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const kept = (name: keyof typeof schemaIds): string => `schemas/${name}.schema.json`;
/** A validator made of the file, as another program would make it. */
const schemaIn = (name: keyof typeof schemaIds) =>
  z.fromJSONSchema(JSON.parse(read(kept(name))) as Parameters<typeof z.fromJSONSchema>[0]);

// WRITE_DOCS=1 writes them anew.
test("docs/reports.md and schemas/ say what the program's schema says", () => {
  const pages = [
    ["docs/reports.md", reportsPage()],
    [kept("report"), toJson(jsonSchemaOf("report"))],
    [kept("comparison"), toJson(jsonSchemaOf("comparison"))],
  ] as const;
  for (const [path, text] of pages) {
    if (process.env.WRITE_DOCS === "1") writeFileSync(new URL(path, root), text);
    expect(read(path), path).toBe(text);
  }
});

describe.each([
  ["report", makeReport({ $schema: schemaIds.report })],
  ["comparison", makeComparison({ $schema: schemaIds.comparison })],
] as const)("the schema of a %s", (name, value) => {
  const whole = JSON.parse(JSON.stringify(value)) as Record<string, unknown> & { rows: Record<string, unknown>[] };

  test("takes one", () => {
    expect(schemaIn(name).parse(whole)).toEqual(whole);
  });

  test.each([
    ["a field that there is not", { ...whole, colour: "red" }],
    ["a field that is missing", { ...whole, rows: undefined }],
    ["a word for a number", { ...whole, seed: "7" }],
    ["a share that is no accuracy", { ...whole, rows: [{ ...whole.rows[0], byClass: [101] }] }],
    ["another format", { ...whole, format: "distillery-set" }],
  ])("refuses %s", (_what, wrong) => {
    expect(schemaIn(name).safeParse(JSON.parse(JSON.stringify(wrong))).success).toBe(false);
  });
});

test("a comparison that lacks what later versions added is valid too", () => {
  const value: unknown = JSON.parse(read("results/cifar10-match/comparison.json"));
  expect(schemaIn("comparison").safeParse(value).error?.issues).toBeUndefined();
});
