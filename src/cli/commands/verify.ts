// The command that checks every byte of a set.
import { openSetAt } from "../../hub/open-set.ts";
import { verifySet } from "../../sets/read.ts";
import { DistilleryError } from "../../support/errors.ts";
import { formatCount, plural, printable } from "../../support/format.ts";
import { type CliCommand, print, setArgument, working } from "../command.ts";
import { filled, type OptionValues } from "../options.ts";
import type { Outcome } from "../output.ts";
import { coloursFor, type Output } from "../output.ts";

/** Says of a whole set what its hashes stand for, and what they do not. */
const trustIn = (sha256: string | undefined): string =>
  sha256 === undefined
    ? "this manifest carries no hash of itself (its version is 1 or 2): a change in it that could be true is not seen"
    : `sha256 ${sha256} stands for all of it; hashes guard against accidents, and whoever changes a set can change them too: ` +
      "compare this one with its maker's";

/** Checks every byte of the set in a folder; `ok` tells whether nothing is wrong. */
export const verifyFolder = async (folder: string, stdout: Output): Promise<Outcome & { readonly ok: boolean }> => {
  const found = await verifySet(folder);
  const colours = coloursFor(stdout);
  const width = Math.max(0, ...found.parts.map(({ path }) => path.length));
  const lines = [
    ...found.parts.map(
      ({ path, bytes, ok }) =>
        `${ok ? colours.green("ok     ") : colours.red("DAMAGED")}  ${path.padEnd(width)}  ${formatCount(bytes)} bytes`,
    ),
    ...found.problems.map((problem) => `${colours.red("problem")}  ${printable(problem)}`),
    ...(found.ok
      ? [`${printable(folder)}: whole, ${plural(found.parts.length, "part")} checked`, trustIn(found.sha256)]
      : []),
  ];
  return { text: lines.join("\n"), json: { folder, ...found }, ok: found.ok };
};

export const verify: CliCommand = {
  name: "verify",
  description: "check a distilled set: every part, byte count, hash and shape; exit status 5 when damaged",
  define: (command, world) => {
    command
      .argument("<set>", setArgument, filled("set", "the folder of a distilled set"))
      .option("--json", "print what was found as JSON")
      .action(async (set: string, values: OptionValues) => {
        const folder = await working(world, (tools) => openSetAt(set, tools));
        const outcome = await verifyFolder(folder, world.stdout);
        print(world, outcome, values);
        if (!outcome.ok) {
          throw new DistilleryError("SET", `${set}: not a whole distilled set, see above; make or fetch it again`);
        }
      });
  },
};
