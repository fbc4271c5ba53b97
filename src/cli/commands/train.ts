// The command that trains a student on a set alone.
import { type Command, Option } from "commander";
import { idleFor, type SourceOption } from "../../data/sources/source.ts";
import { openSetAt } from "../../hub/open-set.ts";
import type { CommandContext, TrainOptions } from "../../pipeline/commands.ts";
import { type CliCommand, examples, print, setArgument, working } from "../command.ts";
import {
  archiveOption,
  filled,
  flagNamed,
  idleOption,
  maxPixelsOption,
  type OptionValues,
  optionFor,
  parseCount,
  settingFor,
} from "../options.ts";
import { terminalOf } from "../output.ts";

/** Settings of students that a recipe has too, and the words for those that mean less here. */
const settings: Readonly<Record<string, string | undefined>> = {
  epochs: "epochs over the set",
  batch: undefined,
  learningRate: undefined,
  weightDecay: undefined,
  temperature: undefined,
  crop: undefined,
  mixup: undefined,
};

/** Options that say something of the data. */
const ofData = ["resize", "test", "skipUnreadable", "archive", "maxPixels"] as const satisfies readonly SourceOption[];

/** The options' values, by commander. */
type Values = Omit<TrainOptions, "set"> &
  Pick<CommandContext, "out" | "archive" | "maxPixels"> & { readonly json?: boolean };

/** Fails on options that mean nothing beside the others. @throws USAGE. */
const checkIdle = (values: OptionValues): void => {
  if (values.epochs !== undefined && values.steps !== undefined) {
    throw idleOption("--epochs", `is idle beside --steps ${String(values.steps)}`);
  }
  if (values.labels === "hard" && values.temperature !== undefined) {
    throw idleOption("--temperature", "is for static labels");
  }
  for (const option of ofData) {
    if (values[option] === undefined) continue;
    const { data } = values;
    const idle = typeof data === "string" ? idleFor(data, option) : "is for the images of --data";
    if (idle !== undefined) throw idleOption(flagNamed(option), idle);
  }
};

/** Adds the options, whose names are those of the fields of `TrainOptions`. */
const addOptions = (command: Command): Command => {
  command
    .argument("<set>", setArgument, filled("set", "the folder of a distilled set"))
    .option(
      "--student <name>",
      "architecture, e.g. convnet, resnet18, mobilenetv2",
      filled("--student", "an architecture"),
      "convnet",
    )
    .requiredOption("--out <folder>", "where the student goes, and what to resume from", filled("--out", "a folder"))
    .addOption(
      new Option("--labels <kind>", "labels to learn from (static where the set stores them)").choices([
        "static",
        "hard",
      ]),
    );
  for (const [name, help] of Object.entries(settings)) {
    command.addOption(settingFor(`student.${name}`, flagNamed(name), help));
  }
  return command
    .addOption(new Option("--steps <n>", "steps, in place of epochs").argParser(parseCount("--steps")))
    .addOption(optionFor("seed"))
    .addOption(optionFor("device"))
    .option(
      "--data <name>",
      "data on whose test images the student is measured",
      filled("--data", "a data set or a folder"),
    )
    .addOption(optionFor("resize"))
    .addOption(optionFor("test"))
    .addOption(optionFor("skipUnreadable"))
    .addOption(archiveOption())
    .addOption(maxPixelsOption())
    .option("--json", "print the result as JSON on standard output; messages stay on standard error");
};

export const train: CliCommand = {
  name: "train",
  description: "train one student on a set alone: student.onnx, student.safetensors and its curve",
  define: (command, world) => {
    addOptions(command)
      .addHelpText(
        "after",
        examples(
          "distillery train runs/demo/4-set --student resnet18 --out students/resnet18",
          "distillery train runs/demo/4-set --student convnet32 --data demo --out students/convnet32",
        ),
      )
      .action(async (set: string, { out, archive, maxPixels, json, ...given }: Values) => {
        checkIdle({ ...given, archive, maxPixels });
        const outcome = await working(world, async (tools) => {
          const more = { ...(archive !== undefined && { archive }), ...(maxPixels !== undefined && { maxPixels }) };
          const commands = await world.loadCommands();
          return await commands.train(
            { ...given, set: await openSetAt(set, tools) },
            { ...tools, ...more, out },
            terminalOf(world.stdout),
          );
        });
        print(world, outcome, { json });
      });
  },
};
