// The command line with all its commands.
import { Command } from "commander";
import type { CommandContext, EvaluateContext } from "../pipeline/commands.ts";
import { defaultsFor } from "../pipeline/recipe/defaults.ts";
import { DistilleryError, errorTable } from "../support/errors.ts";
import { progressTo } from "../support/progress.ts";
import { version } from "../support/version.ts";
import { checkArguments } from "./arguments.ts";
import { checkDataOptions, describeData, describeSources } from "./data.ts";
import { reportFailure } from "./failure.ts";
import { inspectSet } from "./inspect.ts";
import { interruptible, type SignalSource } from "./interruption.ts";
import { methodList } from "./methods.ts";
import {
  addRecipeOptions,
  archiveOption,
  filled,
  maxPixelsOption,
  type OptionValues,
  optionFor,
  outFolder,
  recipeFrom,
} from "./options.ts";
import type { Outcome } from "./output.ts";
import { hasColour, type Output, widthOf } from "./output.ts";
import type { Presented } from "./present.ts";
import { drawProgress } from "./progress.ts";
import { describeRecipes, showRecipe } from "./recipes.ts";
import { verifyFolder } from "./verify.ts";

/** The world around the command line: streams, signals and commands. */
export interface World {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signals: SignalSource;
  /** Called only by the commands that compute, so that the others start at once. */
  readonly loadCommands: () => Promise<Presented>;
}

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
  $ distillery run --data demo                       the whole path in a few minutes, without a download
  $ distillery data cifar10 --download               fetch a data set
  $ distillery run --data cifar10 --ipc 10 --labels static,dynamic --out runs/c10
  $ distillery run --data photos/ --resize 64        photos/train/<class>/* and photos/test/<class>/*
  $ distillery compare --recipe compare-demo         INFER, its ablations and its rivals in one table
  $ distillery inspect runs/demo/4-set               what a set is
  $ distillery verify runs/demo/4-set                whether every byte of it is as it was written

A command that was stopped or killed goes on where it was when it is given again.

Exit status (docs/errors.md explains each code):
${exitCodes()}`;

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;

const print = ({ stdout }: World, outcome: Outcome, values: OptionValues): void => {
  stdout.write(values.json === true ? `${JSON.stringify(outcome.json, null, 2)}\n` : `${outcome.text}\n`);
};

/** Runs work that can be interrupted and reports on itself, and takes its progress off the screen at the end. */
const working = async <T>(
  world: World,
  work: (tools: Pick<CommandContext, "progress" | "signal">) => Promise<T>,
): Promise<T> => {
  const { draw, close } = drawProgress(world.stderr);
  const progress = progressTo(draw);
  try {
    return await interruptible(world.signals, progress.note, (signal) => work({ progress, signal }));
  } finally {
    close();
  }
};

/** The body of a command that takes a recipe. */
const compute = async (
  world: World,
  command: keyof Presented,
  values: OptionValues,
  more: Pick<EvaluateContext, "set"> = {},
): Promise<void> => {
  const recipe = await recipeFrom(values, command);
  const outcome = await working(world, async (tools) => {
    const context: EvaluateContext = {
      ...tools,
      ...more,
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

const addComputing = (program: Command, world: World): void => {
  const recipeCommand = (name: string, description: string, ...lines: readonly string[]): Command =>
    addRecipeOptions(program.command(name).description(description))
      .addHelpText("after", examples(...lines))
      .addHelpText("after", methodList());

  recipeCommand(
    "run",
    "do all of it: teachers, compensators, labels, the set, students, a report",
    "distillery run --data demo",
    "distillery run --data cifar10 --ipc 50 --teachers convnet,resnet18 --out runs/c10-50",
    "distillery run --recipe recipe.yaml --seed 7 --json > report.json",
  ).action((values: OptionValues) => compute(world, "run", values));

  recipeCommand(
    "teach",
    "train the teachers only",
    "distillery teach --data photos/ --resize 64 --teachers convnet,convnet64x2 --teacher-epochs 20",
  ).action((values: OptionValues) => compute(world, "teach", values));

  recipeCommand(
    "distill",
    "make the distilled set (and its teachers, if they are not there yet)",
    "distillery distill --data cifar10 --ipc 10 --iterations 2000 --out runs/c10",
    "distillery distill --data cifar10 --method infer --method-option alpha=0.5 --method-option precision=I8",
  ).action((values: OptionValues) => compute(world, "distill", values));

  recipeCommand(
    "compare",
    "make sets by several methods and compare them: accuracy, bytes, time, memory",
    "distillery compare --recipe compare-demo",
    "distillery compare --data cifar10 --compare-methods infer,infer-copies,random,rded --compare-ipc 10,50",
    'distillery compare --data cifar10 --compare-methods "infer,infer labelBytes=2KB,infer precision=I8,random"',
    "distillery compare --recipe cifar10-ipc10 --labels hard,static,dynamic --seeds 5 --json > comparison.json",
  ).action((values: OptionValues) => compute(world, "compare", values));

  recipeCommand(
    "evaluate",
    "train students on a set, on random images and on all the data, and report",
    "distillery evaluate --data cifar10 --out runs/c10 --students convnet,resnet18 --seeds 5",
    "distillery evaluate path/to/set --data cifar10 --labels hard",
  )
    .argument(
      "[set]",
      "folder of a distilled set; absent: the one in --out",
      filled("set", "the folder of a distilled set"),
    )
    .action((set: string | undefined, values: OptionValues) =>
      compute(world, "evaluate", values, set === undefined ? {} : { set }),
    );
};

const addReading = (program: Command, world: World): void => {
  program
    .command("inspect")
    .description("say what a distilled set is: data, budget, teachers, bytes, recipe")
    .argument("<set>", "folder of a distilled set", filled("set", "the folder of a distilled set"))
    .option("--json", "print its manifest and bytes by part as JSON")
    .action(async (set: string, values: OptionValues) => {
      print(world, await inspectSet(set, world.stdout, widthOf(world.stdout)), values);
    });
  program
    .command("verify")
    .description("check a distilled set: every part, byte count, hash and shape; exit status 5 when damaged")
    .argument("<set>", "folder of a distilled set", filled("set", "the folder of a distilled set"))
    .option("--json", "print what was found as JSON")
    .action(async (set: string, values: OptionValues) => {
      const outcome = await verifyFolder(set, world.stdout);
      print(world, outcome, values);
      if (!outcome.ok) {
        throw new DistilleryError("SET", `${set}: not a whole distilled set, see above; make or fetch it again`);
      }
    });
  program
    .command("recipes")
    .description("list the recipes that come with distillery, or print one")
    .argument("[name]", "a recipe of the list", filled("name", "a recipe of the list"))
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
  program
    .command("data")
    .description("list the data sets there are, or show one: classes, counts, normalisation")
    .argument(
      "[source]",
      "demo, cifar10, cifar100 or an image folder",
      filled("source", "demo, cifar10, cifar100 or an image folder"),
    )
    .option("--download", "fetch the data set if it is not here yet (resumes, checks the publisher's checksum)")
    .addOption(archiveOption())
    .addOption(optionFor("resize"))
    .addOption(optionFor("skipUnreadable"))
    .addOption(maxPixelsOption())
    .addOption(optionFor("seed"))
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      examples("distillery data", "distillery data cifar10 --download", "distillery data photos/ --resize 64"),
    )
    .action(async (source: string | undefined, values: OptionValues) => {
      checkDataOptions(source, values);
      if (source === undefined) {
        print(world, describeSources(world.stdout), values);
        return;
      }
      const outcome = await working(world, (tools) =>
        describeData(
          source,
          {
            ...tools,
            seed: typeof values.seed === "number" ? values.seed : defaultsFor(source).seed,
            skipUnreadable: values.skipUnreadable === true,
            download: values.download === true,
            ...(typeof values.resize === "number" ? { resize: values.resize } : {}),
            ...(typeof values.archive === "string" ? { archive: values.archive } : {}),
            ...(typeof values.maxPixels === "number" ? { maxPixels: values.maxPixels } : {}),
          },
          world.stdout,
        ),
      );
      print(world, outcome, values);
    });
};

/** The command line with all its commands, writing to the world's streams and throwing instead of exiting. */
const programFor = (world: World, args: readonly string[]): Command => {
  const program = new Command("distillery")
    .description("Condense an image data set into a tiny one that still trains good models.")
    .version(version(), "-v, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .exitOverride()
    // Commander's own complaint does not say which word is one too many.
    .allowExcessArguments()
    .hook("preAction", (_, command) => checkArguments(command, args.slice(args.indexOf(command.name()) + 1)))
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
  program.commandsGroup("The path, whole or in parts:");
  addComputing(program, world);
  program.commandsGroup("Looking at things:");
  addReading(program, world);
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
