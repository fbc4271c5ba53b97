#!/usr/bin/env node
import type { Commands } from "../distill/commands.ts";
import { runCommandLine } from "./program.ts";

// Whoever reads our output may stop reading, as `head` does: that is no error, and nothing is left to be said.
for (const output of [process.stdout, process.stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

const loadCommands = async (): Promise<Commands> => (await import("../distill/pipeline.ts")).commands;

// The status is set, not forced: output still on its way to a pipe must arrive.
process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  loadCommands,
});
