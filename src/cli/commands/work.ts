// The command that does jobs for other processes.
import { Option } from "commander";
import { parseBytes } from "../../support/byte-count.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type CliCommand, examples } from "../command.ts";
import { artefactsOption, filled, type OptionValues, parseCount, queueOption } from "../options.ts";
import { workFromQueue } from "../work/from-queue.ts";

const bytes = (text: string): number => {
  const found = parseBytes(text);
  if (found !== undefined) return found;
  throw new DistilleryError("USAGE", `--memory: expected bytes such as 2GB, got "${text}"`);
};

export const work: CliCommand = {
  name: "work",
  description: "do jobs of runs that were put on a queue, here and on any number of machines",
  define: (command, world) => {
    command
      .addOption(queueOption("the Redis whose runs are served, the oldest first"))
      .addOption(
        new Option("--jobs <n>", "how many jobs run side by side (as many as cores allow)").argParser(
          parseCount("--jobs"),
        ),
      )
      .addOption(
        new Option("--memory <bytes>", "memory that jobs may take together, such as 2GB (what is free now)").argParser(
          bytes,
        ),
      )
      .option(
        "--data <folder>",
        "where a run's data lie on this machine (where its recipe says)",
        filled("--data", "a folder"),
      )
      .addOption(artefactsOption())
      .option(
        "--scratch <folder>",
        "where temporary files go (the system's folder for them)",
        filled("--scratch", "a folder"),
      )
      .option("--until-done", "end when no run is left; otherwise wait for more")
      .addOption(
        new Option("--lock <seconds>", "silence of a worker after which others take its jobs (30)").argParser(
          parseCount("--lock"),
        ),
      )
      .addOption(
        new Option("--checkpoint-every <seconds>", "work that may be lost when a worker is killed (20)").argParser(
          parseCount("--checkpoint-every"),
        ),
      )
      .option("--status", "print runs, workers and jobs, and do none")
      .option("--json", "print the result as JSON on standard output")
      .addHelpText(
        "after",
        examples(
          "distillery compare cifar10 --queue redis://HOST            on one machine",
          "distillery work --queue redis://HOST                       on any number of machines",
          "distillery work --queue rediss://user@HOST --until-done    by TLS, password in DISTILLERY_REDIS_PASSWORD",
          "distillery work --queue redis://HOST --status --json",
        ),
      )
      .action(async (values: OptionValues) => {
        if (typeof values.queue === "string") return await workFromQueue(world, values.queue, values);
        throw new DistilleryError("USAGE", "work: no queue given; add --queue redis://HOST");
      });
  },
};
