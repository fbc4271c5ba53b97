import { describe, expect, it } from "vitest";
import { commandLine } from "./world.ts";

const optionsIn = (help: string): string[] =>
  help.match(/^ {2}(?:-\w, )?--[a-z-]+/gm)?.map((flag) => flag.trim()) ?? [];

describe("help", () => {
  it("is a command too, of everything and of one command", async () => {
    const all = await commandLine(["help"]);
    expect(all).toEqual(await commandLine(["--help"]));
    expect(all.stdout).toMatch(/^Usage: distillery \[options\] \[command\]/);
    expect(await commandLine(["help", "run"])).toEqual(await commandLine(["run", "--help"]));
    const wrong = await commandLine(["help", "rnu"]);
    expect(wrong.stderr).toMatch(/^error: help rnu: no such command \(did you mean "run"\?\); there are run, teach/);
    expect(wrong).toMatchObject({ exit: 2, stdout: "" });
  });

  it("prints the version at -v, -V and --version", async () => {
    const said = await Promise.all(["-v", "-V", "--version"].map((flag) => commandLine([flag])));
    expect(new Set(said.map((ran) => JSON.stringify(ran))).size).toBe(1);
    expect(said[0]).toMatchObject({ exit: 0, stderr: "" });
  });

  it.each(["run", "teach", "distill", "compare", "evaluate"])(
    "of %s is short, and --help-all has the rest",
    async (name) => {
      const [short, long] = [await commandLine([name, "--help"]), await commandLine([name, "--help-all"])];
      const [few, all] = [optionsIn(short.stdout), optionsIn(long.stdout)];
      expect(few.length).toBeLessThan(20);
      expect(all.length).toBeGreaterThan(few.length + 10);
      expect(all).toEqual(expect.arrayContaining(few));
      expect(short.stdout).toContain(`${all.length - few.length} further options: distillery ${name} --help-all`);
      expect(long).toMatchObject({ exit: 0, stderr: "" });
    },
  );

  it("has no options that are idle for its command", async () => {
    const idle = {
      run: ["--compare-methods"],
      teach: ["--method", "--method-option", "--students", "--labels", "--student-epochs", "--compare-ipc"],
      distill: ["--students", "--seeds", "--full-epochs"],
      evaluate: ["--ipc", "--iterations", "--set-bytes"],
      compare: ["--method"],
    };
    for (const [name, flags] of Object.entries(idle)) {
      const all = optionsIn((await commandLine([name, "--help-all"])).stdout);
      expect(
        all.filter((flag) => flags.includes(flag)),
        name,
      ).toEqual([]);
    }
    expect((await commandLine(["teach", "--help-all"])).stdout).not.toContain("Methods and their options");
  });
});

describe("data", () => {
  it("may be an argument, which is an option in other words", async () => {
    const [word] = (await commandLine(["run", "demo", "--ipc", "3"])).calls;
    const [option] = (await commandLine(["run", "--ipc", "3", "--data", "demo"])).calls;
    expect(word?.recipe).toEqual(option?.recipe);
    expect(word?.context.out).toBe(option?.context.out);
  });

  it("is given once", async () => {
    const { exit, stderr, calls } = await commandLine(["teach", "photos/", "--data", "demo"]);
    expect(stderr).toContain('too many arguments for teach, which takes none beside --data: "photos/"');
    expect({ exit, calls }).toEqual({ exit: 2, calls: [] });
  });
});

describe("--quiet", () => {
  it("leaves errors and JSON", async () => {
    const quiet = (...args: readonly string[]) =>
      commandLine(["run", "demo", "-q", ...args], async ({ context }) => context.progress.note("teacher: 85 %"));
    expect(await quiet()).toMatchObject({ exit: 0, stdout: "", stderr: "" });
    expect(await quiet("--json")).toMatchObject({ stdout: '{\n  "command": "run"\n}\n', stderr: "" });
    expect((await quiet("--ipc", "0")).stderr).toMatch(/^error: --ipc: expected/);
  });
});
