#!/usr/bin/env node
// The program's entry point.
import { diskError } from "../support/files.ts";
import { firstSignal } from "./interruption.ts";
import type { Presented } from "./present.ts";

// Everything else takes its time to load, and is loaded after a first Ctrl-C can be heard.
const signals = firstSignal(process, process);

/** Ends the process where its output cannot be written: nothing more can be said there. */
const endWithout = async (name: string, error: NodeJS.ErrnoException): Promise<void> => {
  // Whoever reads our output may stop reading, as `head` does: that is no error.
  if (error.code === "EPIPE") process.exit();
  const { reportFailure } = await import("./failure.ts");
  process.exit(reportFailure(diskError(name, error), process.stderr));
};

for (const [name, output] of [
  ["standard output", process.stdout],
  ["standard error", process.stderr],
] as const) {
  output.on("error", (error: NodeJS.ErrnoException) => void endWithout(name, error));
}

const loadCommands = async (): Promise<Presented> => {
  const [{ commands }, { present }] = await Promise.all([import("../pipeline/pipeline.ts"), import("./present.ts")]);
  return present(commands);
};

const { runCommandLine } = await import("./program.ts");

// The status is set, not forced: output still on its way to a pipe must arrive.
process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signals,
  loadCommands,
});
