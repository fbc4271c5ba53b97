import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DistilleryError, errorTable } from "../../src/support/errors.ts";
import { commandLine } from "./world.ts";

describe("distillery", () => {
  it("shows help and version on standard output, exit 0", async () => {
    const help = await commandLine(["--help"]);
    expect(help).toMatchObject({ exit: 0, stderr: "" });
    for (const command of ["run", "teach", "distill", "compare", "evaluate", "inspect", "verify", "recipes", "data"]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    for (const code of Object.keys(errorTable)) expect(help.stdout).toContain(code);
    const { version } = (await import("../../package.json", { with: { type: "json" } })).default;
    expect(await commandLine(["--version"])).toMatchObject({ exit: 0, stderr: "", stdout: `${version}\n` });
  });

  it("shows help on standard error when no command is given, exit 2", async () => {
    const { exit, stdout, stderr } = await commandLine([]);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: distillery/);
  });

  it("knows the nearest command", async () => {
    const { exit, stderr } = await commandLine(["inpsect", "x"]);
    expect(stderr).toMatch(/^error: unknown command 'inpsect' \(did you mean inspect\?\)/);
    expect(exit).toBe(2);
  });

  it.each(["run", "teach", "distill", "evaluate"] as const)(
    "%s calls its command and prints what it made",
    async (name) => {
      const text = await commandLine([name, "--data", "demo"]);
      expect(text).toMatchObject({ exit: 0, stdout: `${name} is done\n`, stderr: "" });
      expect(text.calls[0]).toMatchObject({
        command: name,
        context: { out: join("runs", "demo") },
        terminal: { colour: false, width: 100 },
      });
      const json = await commandLine([name, "--data", "demo", "--json", "--out", "here"]);
      expect(JSON.parse(json.stdout)).toEqual({ command: name });
      expect(json.calls[0]?.context).toMatchObject({ out: "here" });
    },
  );

  it("compares in a folder of its own", async () => {
    const { calls, stdout } = await commandLine(
      "compare --data demo --compare-methods infer,dm --compare-ipc 2,5 --label-bytes 20KB".split(" "),
    );
    expect(stdout).toBe("compare is done\n");
    expect(calls[0]).toMatchObject({
      command: "compare",
      recipe: { labelBytes: 20_000, compare: { methods: ["infer", "dm"], ipc: [2, 5] } },
      context: { out: join("runs", "compare-demo") },
    });
    expect((await commandLine(["compare", "--data", "demo", "--out", "here"])).calls[0]?.context.out).toBe("here");
  });

  it("hands on the archive and the set", async () => {
    const { calls } = await commandLine(["evaluate", "some/set", "--data", "cifar10", "--archive", "a.tar.gz"]);
    expect(calls[0]?.context).toMatchObject({ set: "some/set", archive: "a.tar.gz", out: join("runs", "cifar10") });
  });

  it("hands on the number of jobs, which is no part of the recipe", async () => {
    const { calls } = await commandLine(["distill", "--data", "demo", "--jobs", "3"]);
    expect(calls[0]?.context.jobs).toBe(3);
    expect(calls[0]?.recipe).not.toHaveProperty("jobs");
    expect((await commandLine(["run", "--data", "demo"])).calls[0]?.context).not.toHaveProperty("jobs");
  });

  it("keeps progress and notes off standard output", async () => {
    const { stdout, stderr } = await commandLine(["run", "--data", "demo", "--json"], async ({ context }) => {
      context.progress.note("teacher convnet: 85.1 %");
      context.progress.task("teacher convnet", 10).done();
    });
    expect(JSON.parse(stdout)).toEqual({ command: "run" });
    expect(stderr).toBe("teacher convnet: 85.1 %\n");
  });

  it.each(Object.entries(errorTable))("ends with the status of %s", async (code, { exit }) => {
    const ran = await commandLine(["run", "--data", "demo"], () =>
      Promise.reject(new DistilleryError(code as keyof typeof errorTable, "the message\u001b[31m")),
    );
    const head = code === "INTERRUPTED" ? "stopped" : "error";
    expect(ran).toMatchObject({ exit, stdout: "" });
    expect(ran.stderr).toBe(`${head}: the message?[31m\ncode ${code}, exit status ${exit}\n`);
  });

  it("prints the stack of an unknown error and asks for a report, exit 1", async () => {
    const { exit, stderr } = await commandLine(["run", "--data", "demo"], () => Promise.reject(new TypeError("oh")));
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^error: TypeError: oh\n {4}at .*please report it/s);
  });

  it.each(["SIGINT", "SIGTERM"])(
    "stops after the step at the first %s, and leaves the second to the system",
    async (name) => {
      const { exit, stderr } = await commandLine(["run", "--data", "demo"], async ({ context }, signals) => {
        expect(context.signal.aborted).toBe(false);
        signals.emit(name, name);
        expect(context.signal.aborted).toBe(true);
        expect(signals.listenerCount("SIGINT") + signals.listenerCount("SIGTERM")).toBe(0);
        throw new DistilleryError("INTERRUPTED", "step 3 of 10 is saved");
      });
      expect(exit).toBe(130);
      expect(stderr).toMatch(/stopping after this step; the same command resumes.*\nstopped: step 3 of 10 is saved\n/);
    },
  );
});
