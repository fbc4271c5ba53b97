// Printed errors and the exit status that goes with each.
import { CommanderError } from "commander";
import { DistilleryError, errorTable } from "../support/errors.ts";
import { printable } from "../support/format.ts";
import { version } from "../support/version.ts";
import { coloursFor, type Output } from "./output.ts";

/** Commander's complaints in our form: no "error: " in front, the nearest spelling on the same line. */
const fromCommander = (error: CommanderError): DistilleryError => {
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (?:one of )?(.*)\?\)$/, " (did you mean $1?)");
  return new DistilleryError("USAGE", `${message}; \`distillery --help\` and \`distillery <command> --help\` say more`);
};

/** Prints why a command ended and returns the exit status: that of errorTable, 0 for help, 1 for an unknown error. */
export const reportFailure = (error: unknown, stderr: Output): number => {
  const colours = coloursFor(stderr);
  // Help and version end a command as errors do, after they were printed.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // No command given: the help that was printed says all.
  if (error instanceof CommanderError && error.code === "commander.help") return errorTable.USAGE.exit;
  const known = error instanceof CommanderError ? fromCommander(error) : error;
  if (known instanceof DistilleryError) {
    const { exit } = errorTable[known.code];
    const head = known.code === "INTERRUPTED" ? colours.yellow("stopped:") : colours.red("error:");
    stderr.write(
      `${head} ${known.message.split("\n").map(printable).join("\n")}\n${colours.dim(`code ${known.code}, exit status ${exit}`)}\n`,
    );
    return exit;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(
    `${colours.red("error:")} ${stack}\nThis is a mistake in distillery ${version()}, not in what you did: please report it, with the lines above and the command.\n`,
  );
  return 1;
};
