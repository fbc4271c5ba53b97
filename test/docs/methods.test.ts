import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { methodsPage } from "./methods.ts";

const file = new URL("../../docs/methods.md", import.meta.url);

// WRITE_DOCS=1 writes the page anew.
test("docs/methods.md says what the records say", () => {
  if (process.env.WRITE_DOCS === "1") writeFileSync(file, methodsPage());
  expect(readFileSync(file, "utf8")).toBe(methodsPage());
});
