// The command that writes a set's images and labels for other programs.
import { isAbsolute, relative, resolve, sep } from "node:path";
import { checkExportPlace, type Exported, exportFormatOf, exportFormats, exportSet } from "../../export/index.ts";
import { openSetAt } from "../../hub/open-set.ts";
import { readSet } from "../../sets/read.ts";
import { DistilleryError } from "../../support/errors.ts";
import { formatBytes, plural, printable } from "../../support/format.ts";
import { type CliCommand, examples, print, setArgument, working } from "../command.ts";
import { filled, type OptionValues } from "../options.ts";

const formatList = (): string => {
  const width = Math.max(...exportFormats.map(({ name }) => name.length));
  return `\nFormats:\n${exportFormats.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`).join("\n")}`;
};

/** Refuses a folder inside the set, which would no longer be whole with it. */
const checkOutside = (set: string, out: string): void => {
  const path = relative(resolve(set), resolve(out));
  if (path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path)) {
    throw new DistilleryError("USAGE", `--out ${out} lies inside the set ${set}; choose a folder beside it`);
  }
};

const describe = (made: Exported): string => {
  const { folder, images, classes, logits, rounding, bytes, format } = made;
  const labels = logits ? "labels and logits" : "labels; the set stores no soft labels";
  const rounded =
    rounding === undefined || rounding < 0.001 ? "" : `, rounded to 8 bits (by ${rounding.toFixed(3)} of 255 at most)`;
  const open = exportFormatOf(format).open.replaceAll("FOLDER", printable(folder));
  return (
    `${printable(folder)}: ${plural(images, "image")} of ${plural(classes, "class", "classes")}${rounded}, ${labels}, ${formatBytes(bytes)}\n` +
    `README.md there says how to use it. In Python:\n\n${open}`
  );
};

export const exporting: CliCommand = {
  name: "export",
  description: "write a set's training images and labels for other programs: Hugging Face, torchvision, numpy, ...",
  define: (command, world) => {
    command
      .argument("<set>", setArgument, filled("set", "the folder of a distilled set"))
      .requiredOption("--to <format>", "one of the formats below", (name) => exportFormatOf(name).name)
      .requiredOption("--out <folder>", "a new folder for the export", filled("--out", "a folder"))
      .option("--json", "print counts and files with their sha256 as JSON")
      .addHelpText("after", formatList())
      .addHelpText(
        "after",
        examples(
          "distillery export runs/demo/4-set --to hf --out demo-hf",
          "distillery export runs/demo/4-set --to npz --out demo-npz",
        ),
      )
      .action(async (folder: string, values: OptionValues) => {
        const [to, out] = [String(values.to), String(values.out)];
        checkOutside(folder, out);
        await checkExportPlace(out);
        const made = await working(world, async (tools) => {
          const set = await readSet(await openSetAt(folder, tools));
          return await exportSet({ set, to, out, ...tools });
        });
        print(world, { text: describe(made), json: made }, values);
      });
  },
};
