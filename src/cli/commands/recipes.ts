// The command that lists recipes and prints one.
import { type CliCommand, examples, print } from "../command.ts";
import { filled, type OptionValues } from "../options.ts";
import { describeRecipes, showRecipe } from "../recipes.ts";

export const recipes: CliCommand = {
  name: "recipes",
  description: "list the recipes that come with distillery, or print one",
  define: (command, world) => {
    command
      .argument("[recipe]", "a recipe of the list", filled("recipe", "a recipe of the list"))
      .option("--json", "print it as JSON")
      .addHelpText(
        "after",
        examples(
          "distillery recipes",
          "distillery recipes cifar10-ipc10 > mine.yaml",
          "distillery run --recipe cifar10-ipc10 --seeds 1 --out runs/c10",
        ),
      )
      .action(async (name: string | undefined, values: OptionValues) => {
        print(world, name === undefined ? await describeRecipes(world.stdout) : await showRecipe(name), values);
      });
  },
};
