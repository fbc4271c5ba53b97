import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

// See docs/decisions/installing.md.
test("no npm runs onnxruntime-node's install script, and none warns of an unknown setting", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, Record<string, unknown>> };
  const { allowScripts } = JSON.parse(read("package.json")) as { allowScripts: Record<string, boolean> };
  expect(packages["node_modules/onnxruntime-node"]).toMatchObject({ version: "1.30.0" });
  expect(packages["node_modules/onnxruntime-node"]).not.toHaveProperty("hasInstallScript");
  expect(allowScripts["onnxruntime-node"]).toBe(false);
  expect(existsSync(new URL("../../.npmrc", import.meta.url))).toBe(false);
});
