// The command that prints a script by which a shell completes all others.
import { DistilleryError } from "../../support/errors.ts";
import { didYouMean } from "../../support/suggest.ts";
import { type CliCommand, examples } from "../command.ts";
import { bashScript, zshScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { type CompletedCommand, completedCommands } from "../completion/words.ts";
import { shippedRecipes } from "../recipes.ts";

const scripts: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completion: CliCommand = {
  name: "completion",
  description: "print a script for a shell that completes commands, options and values",
  define: (command, { stdout }) => {
    const shells = Object.keys(scripts);
    command
      .argument("<shell>", shells.join(", "))
      .addHelpText(
        "after",
        examples(
          'eval "$(distillery completion bash)"      in ~/.bashrc',
          'eval "$(distillery completion zsh)"       in ~/.zshrc',
          "distillery completion fish | source        in ~/.config/fish/config.fish",
        ),
      )
      .action(async (shell: string) => {
        const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
        if (script === undefined) {
          throw new DistilleryError(
            "USAGE",
            `completion ${shell}: expected ${shells.join(", ")}${didYouMean(shell, shells)}`,
          );
        }
        const recipes = (await shippedRecipes()).map(({ name }) => name);
        stdout.write(script(completedCommands(command.parent!, recipes)));
      });
    command.registeredArguments[0]!.argChoices = shells;
  },
};
