import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandLinePage } from "./command-line.ts";

const file = new URL("../../docs/command-line.md", import.meta.url);

// WRITE_DOCS=1 writes the page anew.
test("docs/command-line.md says what the commands say", () => {
  if (process.env.WRITE_DOCS === "1") writeFileSync(file, commandLinePage());
  expect(readFileSync(file, "utf8")).toBe(commandLinePage());
});
