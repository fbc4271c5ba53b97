// The command that lists data sources and describes a data set.
import { Argument } from "commander";
import { idleFor, listSources, openDataset, type SourceOption, type SourceOptions } from "../../data/sources/source.ts";
import { defaultsFor } from "../../pipeline/recipe/defaults.ts";
import { formatCount, plural, printable } from "../../support/format.ts";
import { type CliCommand, examples, print, working } from "../command.ts";
import {
  archiveOption,
  filled,
  flagNamed,
  idleOption,
  maxPixelsOption,
  type OptionValues,
  optionFor,
} from "../options.ts";
import type { Outcome } from "../output.ts";
import { coloursFor, factSheet, type Output } from "../output.ts";
import { sourceNames } from "../values.ts";

const options: readonly SourceOption[] = [
  "seed",
  "resize",
  "skipUnreadable",
  "test",
  "maxPixels",
  "archive",
  "download",
];

/** Fails on options that mean nothing for a source, for the list of all, or beside each other. @throws USAGE. */
export const checkDataOptions = (source: string | undefined, values: OptionValues): void => {
  for (const option of options) {
    // The seed also draws the test images that --test holds out.
    if (values[option] === undefined || (option === "seed" && values.test !== undefined)) continue;
    const idle = source === undefined ? "is for one data set, e.g. distillery data cifar10" : idleFor(source, option);
    if (idle !== undefined) throw idleOption(flagNamed(option), idle);
  }
  if (values.archive !== undefined && values.download === true) {
    throw idleOption("--download", `is idle beside --archive ${String(values.archive)}, which is read instead`);
  }
};

/** The sources there are. */
export const describeSources = (stdout: Output): Outcome => {
  const sources = listSources();
  const facts = sources.map(({ name, description }) => [name, description] as const);
  return { text: factSheet(facts, coloursFor(stdout)), json: sources };
};

const perClass = (labels: Int32Array, classes: number): number[] => {
  const images = new Array<number>(classes).fill(0);
  for (const label of labels) images[label] = (images[label] ?? 0) + 1;
  return images;
};

/** One data set, opened and counted; CIFAR is downloaded if the options allow it. */
export const describeData = async (source: string, options: SourceOptions, stdout: Output): Promise<Outcome> => {
  const data = await openDataset(source, options);
  const train = perClass(data.train.labels, data.classes.length);
  const test = perClass(data.test.labels, data.classes.length);
  const { mean, std } = data.normalisation;
  const channels = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(" ");
  const longest = Math.max(...data.classes.map((name) => printable(name).length));
  const text = factSheet(
    [
      ["data", `${printable(data.name)}, images ${data.image.width}x${data.image.height}`],
      ["images", `${formatCount(data.train.length)} to train, ${formatCount(data.test.length)} to test`],
      [
        "normalisation",
        `mean ${channels(mean)}, standard deviation ${channels(std)} (of pixel / 255; red, green, blue)`,
      ],
      [
        "classes",
        data.classes
          .map((name, i) => {
            const word = data.words?.[i];
            const counts = `${train[i]} + ${test[i]}`;
            return `${String(i).padStart(4)}  ${printable(name).padEnd(longest)}  ${counts}${word === undefined ? "" : `  ${printable(word)}`}`;
          })
          .join("\n"),
      ],
      ...(data.skipped.length === 0
        ? []
        : ([
            [
              "skipped",
              [
                plural(data.skipped.length, "file"),
                ...data.skipped.map(({ file, reason }) => `${printable(file)}: ${printable(reason)}`),
              ].join("\n"),
            ],
          ] as const)),
      ...(data.ignored === 0
        ? []
        : ([["ignored", `${plural(data.ignored, "file or folder", "files or folders")} beside the images`]] as const)),
    ],
    coloursFor(stdout),
  );
  const json = {
    name: data.name,
    image: data.image,
    train: data.train.length,
    test: data.test.length,
    classes: data.classes.map((name, i) => ({ name, words: data.words?.[i], train: train[i], test: test[i] })),
    normalisation: data.normalisation,
    skipped: data.skipped,
    ignored: data.ignored,
  };
  return { text, json };
};

const sourceArgument = (): Argument => {
  const argument = new Argument("[source]", "demo, cifar10, cifar100 or an image folder");
  argument.argChoices = [...sourceNames];
  return argument.argParser(filled("source", argument.description));
};

export const data: CliCommand = {
  name: "data",
  description: "list the data sets there are, or show one: classes, counts, normalisation",
  define: (command, world) => {
    command
      .addArgument(sourceArgument())
      .option("--download", "fetch the data set if it is not here yet (resumes, checks the publisher's checksum)")
      .addOption(archiveOption())
      .addOption(optionFor("resize"))
      .addOption(optionFor("skipUnreadable"))
      .addOption(optionFor("test"))
      .addOption(maxPixelsOption())
      .addOption(optionFor("seed"))
      .option("--json", "print it as JSON")
      .addHelpText(
        "after",
        examples(
          "distillery data",
          "distillery data cifar10 --download",
          "distillery data photos/ --resize 64 --test 0.2",
        ),
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
              ...(typeof values.test === "number" ? { test: values.test } : {}),
              ...(typeof values.archive === "string" ? { archive: values.archive } : {}),
              ...(typeof values.maxPixels === "number" ? { maxPixels: values.maxPixels } : {}),
            },
            world.stdout,
          ),
        );
        print(world, outcome, values);
      });
  },
};
