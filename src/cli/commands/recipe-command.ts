// The commands that take a recipe: their options in common and their body.
import type { Command } from "commander";
import { openSetAt } from "../../hub/open-set.ts";
import type { EvaluateContext, RecipeCommand } from "../../pipeline/commands.ts";
import { type CliCommand, examples, print, type World, working } from "../command.ts";
import { executing } from "../executors.ts";
import { withLongHelp } from "../help.ts";
import { methodList } from "../methods.ts";
import { addRecipeOptions, argumentFor, type OptionValues, outFolder, recipeFrom } from "../options.ts";
import { terminalOf } from "../output.ts";
import type { PresentedContext } from "../present.ts";
import { meansSomething } from "../relevance.ts";

/** Does what a recipe says. */
export const compute = async (
  world: World,
  command: RecipeCommand,
  values: OptionValues,
  more: Pick<EvaluateContext, "set"> = {},
): Promise<void> => {
  const recipe = await recipeFrom(values, command);
  const outcome = await working(world, async (tools) => {
    const context: PresentedContext = {
      ...tools,
      ...(more.set !== undefined && { set: await openSetAt(more.set, tools) }),
      out: outFolder(values, recipe, command === "compare" ? "compare-" : ""),
      ...(values.dryRun === true ? { dryRun: true } : {}),
      ...(typeof values.archive === "string" ? { archive: values.archive } : {}),
      ...(typeof values.jobs === "number" ? { jobs: values.jobs } : {}),
      ...(typeof values.threads === "number" ? { threads: values.threads } : {}),
      ...(typeof values.maxPixels === "number" ? { maxPixels: values.maxPixels } : {}),
    };
    const executed = await executing(values, command, recipe, context);
    try {
      const commands = await world.loadCommands();
      return await commands[command](recipe, { ...context, ...executed.context }, terminalOf(world.stdout));
    } finally {
      await executed.close();
    }
  });
  print(world, outcome, values);
};

/** Gives a command every option of a recipe, its examples and, where it makes sets, the list of methods. */
export const withRecipe = (command: Command, ...lines: readonly string[]): Command =>
  withLongHelp(
    addRecipeOptions(command).addHelpText("after", examples(...lines)),
    meansSomething(command.name(), ["ipc"]) ? methodList : () => "",
  );

/** A command that takes nothing but a recipe; its data may stand where an argument stands. */
export const recipeCommand = (name: RecipeCommand, description: string, ...lines: readonly string[]): CliCommand => ({
  name,
  description,
  define: (command, world) => {
    withRecipe(command, ...lines)
      .addArgument(argumentFor("data"))
      .action((data: string | undefined, values: OptionValues) =>
        compute(world, name, data === undefined ? values : { ...values, data }),
      );
  },
});
