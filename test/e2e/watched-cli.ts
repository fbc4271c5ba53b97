import { type Presented, present } from "../../src/cli/present.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import type { CommandContext } from "../../src/pipeline/commands.ts";

// The command line as a process, as in src/cli/main.ts, with checkpoints at every turn, so that a process killed within
// seconds leaves some; and at the end it says how much memory it took at most.
const often = <C extends CommandContext>(context: C): C => ({ ...context, secondsBetweenCheckpoints: 0.02 });

const loadCommands = async (): Promise<Presented> => {
  const { commands } = await import("../../src/pipeline/pipeline.ts");
  return present({
    run: (recipe, context) => commands.run(recipe, often(context)),
    teach: (recipe, context) => commands.teach(recipe, often(context)),
    distill: (recipe, context) => commands.distill(recipe, often(context)),
    evaluate: (recipe, context) => commands.evaluate(recipe, often(context)),
    train: (options, context) => commands.train(options, often(context)),
    compare: (recipe, context) => commands.compare(recipe, often(context)),
  });
};

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  loadCommands,
});
process.stderr.write(`peak memory ${process.resourceUsage().maxRSS} KiB\n`);
