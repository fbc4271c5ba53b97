// The commands that take a recipe: their options in common and their body.
import type { Command } from "commander";
import { openSetAt } from "../../hub/open-set.ts";
import type { EvaluateContext } from "../../pipeline/commands.ts";
import { type CliCommand, examples, print, type World, working } from "../command.ts";
import { methodList } from "../methods.ts";
import { addRecipeOptions, type OptionValues, outFolder, recipeFrom } from "../options.ts";
import { hasColour, widthOf } from "../output.ts";
import type { Presented } from "../present.ts";

/** Does what a recipe says. */
export const compute = async (
  world: World,
  command: keyof Presented,
  values: OptionValues,
  more: Pick<EvaluateContext, "set"> = {},
): Promise<void> => {
  const recipe = await recipeFrom(values, command);
  const outcome = await working(world, async (tools) => {
    const context: EvaluateContext = {
      ...tools,
      ...(more.set !== undefined && { set: await openSetAt(more.set, tools) }),
      out: outFolder(values, recipe, command === "compare" ? "compare-" : ""),
      ...(typeof values.archive === "string" ? { archive: values.archive } : {}),
      ...(typeof values.jobs === "number" ? { jobs: values.jobs } : {}),
      ...(typeof values.maxPixels === "number" ? { maxPixels: values.maxPixels } : {}),
    };
    const commands = await world.loadCommands();
    return await commands[command](recipe, context, {
      colour: hasColour(world.stdout),
      width: widthOf(world.stdout),
    });
  });
  print(world, outcome, values);
};

/** Gives a command every option of a recipe, its examples and the list of methods. */
export const withRecipe = (command: Command, ...lines: readonly string[]): Command =>
  addRecipeOptions(command)
    .addHelpText("after", examples(...lines))
    .addHelpText("after", methodList());

/** A command that takes nothing but a recipe. */
export const recipeCommand = (name: keyof Presented, description: string, ...lines: readonly string[]): CliCommand => ({
  name,
  description,
  define: (command, world) => {
    withRecipe(command, ...lines).action((values: OptionValues) => compute(world, name, values));
  },
});
