// The command that numbers the jobs of another for batch systems.
import { Option } from "commander";
import { type PlannedCommand, plannedCommands } from "../../distributed/plan/plan.ts";
import { readFields } from "../../pipeline/recipe/file.ts";
import { type CliCommand, examples, print, type World, working } from "../command.ts";
import { withLongHelp } from "../help.ts";
import { methodList } from "../methods.ts";
import {
  addFieldOptions,
  archiveOption,
  filled,
  maxPixelsOption,
  type OptionValues,
  outFolder,
  recipeFrom,
  recipeOption,
  threadsOption,
} from "../options.ts";
import { terminalOf } from "../output.ts";
import { renderPlan } from "../plans.ts";
import { findRecipe } from "../recipes.ts";

/** The command that is planned: compare where something says what to compare. */
const commandOf = async (values: OptionValues): Promise<PlannedCommand> => {
  const asked = plannedCommands.find((name) => name === values.command);
  if (asked !== undefined) return asked;
  if (Object.keys(values).some((name) => name.startsWith("compare"))) return "compare";
  if (typeof values.recipe !== "string") return "run";
  return "compare" in (await readFields(await findRecipe(values.recipe))) ? "compare" : "run";
};

const planning = async (world: World, values: OptionValues): Promise<void> => {
  const command = await commandOf(values);
  const recipe = await recipeFrom(values, command);
  const out = String(values.out);
  const plan = await working(world, async (tools) => {
    const { makePlan } = await import("../../distributed/plan/make.ts");
    const commands = await world.loadCommands();
    return await makePlan(
      command,
      (told, context) => commands[command](told, context, terminalOf(world.stdout)),
      recipe,
      {
        ...tools,
        out,
        threads: typeof values.threads === "number" ? values.threads : 1,
        ...(typeof values.archive === "string" ? { archive: values.archive } : {}),
        ...(typeof values.maxPixels === "number" ? { maxPixels: values.maxPixels } : {}),
      },
    );
  });
  const usual = outFolder({}, recipe, command === "compare" ? "compare-" : "");
  print(world, { text: renderPlan(plan, out, usual, terminalOf(world.stdout)), json: plan }, values);
};

export const plan: CliCommand = {
  name: "plan",
  description: "number the jobs of a recipe, to be done by `work` on many machines: Slurm, Kubernetes, GNU parallel",
  define: (command, world) => {
    command
      .argument("[recipe]", "the same as --recipe", filled("recipe", "a file or a name of `distillery recipes`"))
      .optionsGroup("Files and output:")
      .addOption(recipeOption())
      .requiredOption("--out <folder>", "a folder for the plan, which all machines share", filled("--out", "a folder"))
      .addOption(
        new Option(
          "--command <name>",
          "the command whose jobs are numbered (compare where the recipe says what to compare, run otherwise)",
        ).choices(plannedCommands),
      )
      .addOption(archiveOption())
      .option("--json", "print the plan as JSON on standard output; messages stay on standard error")
      .addOption(threadsOption("1"))
      .addOption(maxPixelsOption());
    withLongHelp(
      addFieldOptions(command).addHelpText(
        "after",
        examples(
          "distillery plan compare-demo --out plans/demo",
          "distillery plan cifar10-ipc10 --seeds 5 --threads 2 --out plans/c10",
          "sbatch scripts: examples/many-machines in the package",
        ),
      ),
      methodList,
    ).action((recipe: string | undefined, values: OptionValues) =>
      planning(world, recipe === undefined ? values : { ...values, recipe }),
    );
  },
};
