// The command line with all its commands.
import { Command, CommanderError, Option } from "commander";
import { DistilleryError, errorTable } from "../support/errors.ts";
import { version } from "../support/version.ts";
import { checkArguments } from "./arguments.ts";
import type { World } from "./command.ts";
import { commandGroups } from "./commands/registry.ts";
import { reportFailure } from "./failure.ts";
import { hasColour, widthOf } from "./output.ts";

const exitCodes = (): string => {
  const byExit = new Map<number, string[]>([
    [0, ["all went well"]],
    [1, ["a mistake in distillery itself"]],
  ]);
  for (const [code, { exit }] of Object.entries(errorTable)) byExit.set(exit, [...(byExit.get(exit) ?? []), code]);
  return [...byExit].map(([exit, meanings]) => `  ${String(exit).padStart(3)}  ${meanings.join(", ")}`).join("\n");
};

const overview = (): string => `
Examples:
  $ distillery run demo                              the whole path in a few minutes, without a download
  $ distillery data cifar10 --download               fetch a data set
  $ distillery run cifar10 --ipc 10 --labels static,dynamic --out runs/c10
  $ distillery run photos/ --resize 64 --dry-run     how long that would take and what it would weigh
  $ distillery run photos/ --resize 64               photos/train/<class>/* and photos/test/<class>/*
  $ distillery compare --recipe compare-demo         INFER, its ablations and its rivals in one table
  $ distillery inspect runs/demo/4-set               what a set is
  $ distillery verify runs/demo/4-set                whether every byte of it is as it was written

A command that was stopped or killed goes on where it was when it is given again.

Exit status (docs/errors.md explains each code):
${exitCodes()}`;

/** The command line with all its commands, writing to the world's streams and throwing instead of exiting. */
export const programFor = (around: World, args: readonly string[]): Command => {
  let quiet = false;
  const world: World = { ...around, quiet: () => quiet };
  const program = new Command("distillery")
    .description("Condense an image data set into a tiny one that still trains good models.")
    .version(version(), "-v, --version", "print the version")
    .addOption(new Option("-V", "print the version").hideHelp())
    .on("option:V", () => {
      world.stdout.write(`${version()}\n`);
      throw new CommanderError(0, "commander.version", version());
    })
    .helpOption("-h, --help", "show this help")
    // Values that shells complete are too many for a line of help.
    .configureHelp({
      argumentDescription: ({ description }) => description,
      optionDescription: ({ description }) => description,
    })
    .helpCommand(false)
    .exitOverride()
    // Commander's own complaint does not say which word is one too many.
    .allowExcessArguments()
    .hook("preAction", (_, command) => {
      quiet = command.opts().quiet === true;
      checkArguments(command, args.slice(args.indexOf(command.name()) + 1));
    })
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      getOutHelpWidth: () => widthOf(world.stdout),
      getErrHelpWidth: () => widthOf(world.stderr),
      getOutHasColors: () => hasColour(world.stdout),
      getErrHasColors: () => hasColour(world.stderr),
      // Complaints are printed once, by reportFailure.
      outputError: () => undefined,
    })
    .addHelpText("after", overview());
  for (const { heading, commands } of commandGroups) {
    program.commandsGroup(heading);
    for (const { name, description, define } of commands) {
      const command = program.command(name).description(description);
      define(command.option("-q, --quiet", "say nothing but errors; --json still prints"), world);
    }
  }
  return program;
};

/** Fails where the folder that relative paths start from is no more: what else would be said of that misleads. */
const checkWorkingFolder = (): void => {
  try {
    process.cwd();
  } catch (cause) {
    throw new DistilleryError("USAGE", "the working folder is gone: it was deleted or moved; cd into another", {
      cause,
    });
  }
};

/** Does what the arguments (without node and script) say and returns the exit status. Never throws. */
export const runCommandLine = async (args: readonly string[], world: World): Promise<number> => {
  try {
    checkWorkingFolder();
    await programFor(world, args).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return reportFailure(error, world.stderr);
  }
};
