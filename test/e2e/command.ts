import { EventEmitter } from "node:events";
import { present } from "../../src/cli/present.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { captured } from "../cli/world.ts";

/** The command line with its real commands, in this process; paths below `folder` are printed without it. */
export const distillery = async (
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> => {
  const [out, err] = [captured(), captured()];
  const exit = await runCommandLine(args, {
    stdout: out.stream,
    stderr: err.stream,
    signals: new EventEmitter(),
    loadCommands: async () => present(commands),
  });
  const short = (text: string): string => text.replaceAll(`${folder}/`, "");
  return { exit, stdout: short(out.text()), stderr: short(err.text()) };
};
