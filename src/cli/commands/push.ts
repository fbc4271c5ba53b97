// The command that pushes a set to the Hugging Face Hub.
import { openSetAt } from "../../hub/open-set.ts";
import type { Pushed } from "../../hub/push.ts";
import { formatBytes, formatCount, plural, printable } from "../../support/format.ts";
import { type CliCommand, examples, print, setArgument, working } from "../command.ts";
import { filled, type OptionValues } from "../options.ts";
import type { Outcome } from "../output.ts";

const outcomeOf = (pushed: Pushed): Outcome => {
  const { url, address, files, commit, notice } = pushed;
  const width = Math.max(...files.map(({ path }) => path.length));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = [
    ...files.map(({ path, bytes }) => `${path.padEnd(width)}  ${formatCount(bytes)} bytes`),
    `${commit === undefined ? "would push" : "pushed"} ${plural(files.length, "file")}, ${formatBytes(total)}, to ${url}`,
    printable(notice),
    `whoever may read it trains on it by: distillery train ${address} --student convnet`,
    `or in Python: datasets.load_dataset("${address.replace(/^hf:\/\//, "").replace(/@.*/, "")}")`,
  ];
  return { text: lines.join("\n"), json: pushed };
};

export const push: CliCommand = {
  name: "push",
  description: "push a set to the Hugging Face Hub, as one commit",
  define: (command, world) => {
    command
      .argument("<set>", setArgument, filled("set", "the folder of a distilled set"))
      .argument(
        "<to>",
        "the data set: hf://user/name[@branch]; made where it is not there",
        filled("to", "hf://user/name"),
      )
      .option("--private", "make a new data set a private one")
      .option("--message <text>", "title of the commit", filled("--message", "a title"))
      .option("--dry-run", "list the files and their bytes, and ask nobody")
      .option("--json", "print what was pushed as JSON")
      .addHelpText(
        "after",
        examples(
          "distillery push runs/demo/4-set hf://user/demo-distilled --dry-run",
          "HF_TOKEN=hf_... distillery push runs/demo/4-set hf://user/demo-distilled --private",
        ),
      )
      .addHelpText("after", "\nThe token is that of HF_TOKEN or of `hf auth login`; HF_ENDPOINT names another hub.")
      .action(async (set: string, to: string, values: OptionValues) => {
        const pushed = await working(world, async (tools) => {
          const { pushWithImages } = await import("../../pipeline/push.ts");
          return pushWithImages(await openSetAt(set, tools), to, tools, {
            private: values.private === true,
            dryRun: values.dryRun === true,
            ...(typeof values.message === "string" && { message: values.message }),
          });
        });
        print(world, outcomeOf(pushed), values);
      });
  },
};
