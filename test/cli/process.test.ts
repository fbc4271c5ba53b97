import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const script = ["--import", "tsx", "src/cli/main.ts"];

/** The real program as a process of its own; standard output is closed early when `readers` is false. */
const start = (
  args: readonly string[],
  readers = true,
): Promise<{ exit: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...script, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    if (readers) child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    else child.stdout.destroy();
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (exit) => resolve({ exit, stdout, stderr }));
  });

describe("the process", () => {
  it("prints help and ends with 0", async () => {
    const { exit, stdout, stderr } = await start(["--help"]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: distillery/);
  });

  it("ends with the status of the error", async () => {
    const { exit, stdout, stderr } = await start(["verify", "test/no-such-set"]);
    expect(exit).toBe(5);
    expect(stdout).toContain("there is no such folder");
    expect(stderr).toMatch(/^error: test\/no-such-set: /);
  });

  it("says nothing when nobody reads its output", async () => {
    expect(await start(["data"], false)).toEqual({ exit: 0, stdout: "", stderr: "" });
  });
});
