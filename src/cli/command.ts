// The interface of a command of the command line, and what its bodies share.
import type { Command } from "commander";
import type { CommandContext } from "../pipeline/commands.ts";
import { progressTo } from "../support/work/progress.ts";
import { interruptible, type SignalSource } from "./interruption.ts";
import type { OptionValues } from "./options.ts";
import type { Outcome, Output } from "./output.ts";
import type { Presented } from "./present.ts";
import { drawProgress, undrawn } from "./progress.ts";

/** The world around the command line: streams, signals and commands. */
export interface World {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signals: SignalSource;
  /** Called only by the commands that compute, so that the others start at once. */
  readonly loadCommands: () => Promise<Presented>;
  /** True where only errors and what --json asks for are to be said. */
  readonly quiet?: () => boolean;
}

/** A command: its name, and how it is described, told its options and done. */
export interface CliCommand {
  readonly name: string;
  readonly description: string;
  /** Adds arguments, options, examples and the action. */
  readonly define: (command: Command, world: World) => void;
}

/** The argument of a command that takes a set. */
export const setArgument = "a distilled set: its folder, hf://user/name[@revision][/folder] or https://";

/** Help text with lines to copy. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;

/** Prints what a command found, as text or, with --json, as JSON. */
export const print = ({ stdout, quiet }: World, outcome: Outcome, values: OptionValues): void => {
  if (values.json === true) stdout.write(`${JSON.stringify(outcome.json, null, 2)}\n`);
  else if (quiet?.() !== true) stdout.write(`${outcome.text}\n`);
};

/** Runs work that can be interrupted and reports on itself, and takes its progress off the screen at the end. */
export const working = async <T>(
  world: World,
  work: (tools: Pick<CommandContext, "progress" | "signal">) => Promise<T>,
): Promise<T> => {
  const { draw, close } = world.quiet?.() === true ? undrawn : drawProgress(world.stderr);
  const progress = progressTo(draw);
  try {
    return await interruptible(world.signals, progress.note, (signal) => work({ progress, signal }));
  } finally {
    close();
  }
};
