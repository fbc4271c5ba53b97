// The command that shows the help of another.
import { DistilleryError } from "../../support/errors.ts";
import { didYouMean } from "../../support/suggest.ts";
import type { CliCommand } from "../command.ts";

export const help: CliCommand = {
  name: "help",
  description: "show this help, or that of a command",
  define: (command) => {
    command.argument("[command]", "a command").action((name: string | undefined) => {
      const program = command.parent!;
      const shown = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (shown !== undefined) return shown.outputHelp();
      const names = program.commands.map((one) => one.name());
      throw new DistilleryError(
        "USAGE",
        `help ${name}: no such command${didYouMean(name!, names)}; there are ${names.join(", ")}`,
      );
    });
  },
};
