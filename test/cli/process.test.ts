import { spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { programsIn } from "../programs/build.ts";
import { commandLine } from "./world.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { main } = programsIn(inject("programs"));

/** The real program as a process of its own; nobody reads standard output when `output` is "closed". */
const start = (
  args: readonly string[],
  output: "pipe" | "closed" | number = "pipe",
  errors: "pipe" | number = "pipe",
): Promise<{ exit: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const stdio = ["ignore", output === "closed" ? "pipe" : output, errors] as const;
    const child = spawn(process.execPath, [main, ...args], { cwd: root, stdio: [...stdio] });
    let stdout = "";
    let stderr = "";
    if (output === "closed") child.stdout?.destroy();
    else child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
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
    expect(await start(["data"], "closed")).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  it.runIf(process.platform === "linux")("ends with DISK when its output cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const stderr =
      "error: cannot write standard output: the disk is full; free some space and run the same command again, finished work is kept\n" +
      "code DISK, exit status 8\n";
    for (const args of [["--help"], ["recipes"]]) {
      expect(await start(args, full)).toEqual({ exit: 8, stdout: "", stderr });
    }
    expect(await start(["no-such-command"], "pipe", full)).toMatchObject({ exit: 8, stdout: "" });
    expect(await start(["no-such-command"], full, full)).toMatchObject({ exit: 8 });
  });

  it.runIf(process.platform !== "win32")("says that its working folder is gone", async () => {
    // In this process: the loader of the others needs a folder itself.
    const before = process.cwd();
    const gone = mkdtempSync(join(tmpdir(), "distillery-gone-"));
    try {
      process.chdir(gone);
      rmSync(gone, { recursive: true });
      const { exit, stderr, calls } = await commandLine(["run", "--data", "demo"]);
      expect({ exit, calls }).toEqual({ exit: 2, calls: [] });
      expect(stderr).toMatch(/^error: the working folder is gone: it was deleted or moved; cd into another\n/);
    } finally {
      process.chdir(before);
    }
  });
});
