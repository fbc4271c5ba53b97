import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../pipeline/tiny.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const example = async (name: string, ...args: readonly string[]): Promise<string> => {
  const command = ["--import", "tsx", join("examples", name), ...args];
  return (await promisify(execFile)(process.execPath, command, { cwd: root })).stdout;
};

test("a student is trained on the set that comes with the package, and stored", async () => {
  const file = join(await temporaryFolder(), "student.onnx");
  const said = await example("train-on-a-set.ts", "sets/demo-ipc10", "1", file);
  expect(said).toMatch(/^400 images of 10 classes, 32x32\n[\s\S]*convnet32x3: \d+\.\d % of the test images\n/);
  expect((await stat(file)).size).toBeGreaterThan(10_000);
});

test("a method of one's own makes a set", async () => {
  const out = join(await temporaryFolder(), "set");
  expect(await example("add-a-method.ts", out, "1")).toMatch(/^100 images in .*: \d+\.\d % of the test images\n$/);
});

test("a set is measured beside random images", async () => {
  const out = join(await temporaryFolder(), "out");
  const said = await example("evaluate-a-set.ts", "sets/demo-ipc10", out, "1");
  expect(said).toMatch(
    /on 400 images \(match\), 7 steps: [\s\S]*on 100 images \(random\), 7 steps: [\s\S]*report\.html\n$/,
  );
});
