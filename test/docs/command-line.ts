// The page of docs/command-line.md, made of the records of the commands.
import { type Command, Help, type Option } from "commander";
import { programFor } from "../../src/cli/program.ts";
import { usualOptions } from "../../src/cli/relevance.ts";
import { captured } from "../cli/world.ts";

const standard = new Help();

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string): string => `\`${text}\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

const isUsual = ({ long }: Option): boolean => usualOptions.includes(long ?? "");

const optionRow = (option: Option): string[] => {
  const flags = code(option.flags);
  return [isUsual(option) ? `**${flags}**` : flags, option.description.replaceAll("<", "&lt;")];
};

const section = (command: Command): string => {
  const usage = standard.commandUsage(command);
  const options = standard.visibleOptions(command).filter(({ long }) => long !== "--help");
  const words = command.registeredArguments.map((argument) => [code(argument.name()), argument.description]);
  return [
    `## ${command.name()}`,
    `${command.description()}.`,
    `    ${usage}`,
    ...(words.length === 0 ? [] : [table(["argument", ""], words)]),
    table(["option", ""], options.map(optionRow)),
  ].join("\n\n");
};

/** The whole page. */
export const commandLinePage = (): string => {
  const { stream } = captured();
  const program = programFor(
    {
      stdout: stream,
      stderr: stream,
      signals: { on: () => undefined, off: () => undefined },
      loadCommands: () => Promise.reject(new Error("no command is run")),
    },
    [],
  );
  return `${[
    "# Command line",
    "<!-- Written by WRITE_DOCS=1 npx vitest run test/docs from the records in src/cli, which are the place to edit. -->",
    "Every command with every option that means something to it. `distillery COMMAND --help` shows those in **bold**, " +
      "`--help-all` all of them, with the [methods](methods.md) and their options. `teach`, `distill` and `evaluate` take the other options of `run` too: they share " +
      "its recipe, which is that of the folder. Every option without a file or folder is a field of a recipe (`--recipe`).",
    "`distillery help COMMAND` is `distillery COMMAND --help`. What follows on a line is completed by " +
      '`eval "$(distillery completion bash)"` in `~/.bashrc`, the same with `zsh` in `~/.zshrc`, and ' +
      "`distillery completion fish | source` in `~/.config/fish/config.fish`.",
    "`--dry-run` does the work in short, in a copy of the folder that goes away again: every loop for three steps or half a second, one of " +
      "all jobs that are alike. It prints which jobs there are and which of them are there already, the steps of each, the time of " +
      "a step on this machine and its load now, the bytes of the set by part, and the whole time; images that are learnt are weighed as they begin. " +
      "Nothing is written into `--out`; the copy lies in `TMPDIR`.",
    ...program.commands.map(section),
  ].join("\n\n")}\n`;
};
