// Help in two lengths: the options that most people need, and all of them.
import { type Command, CommanderError, Help, Option } from "commander";
import { plural } from "../support/format.ts";
import { usualOptions } from "./relevance.ts";

const standard = new Help();

/** Ends a command after its help was shown. */
const helpShown = (): CommanderError => new CommanderError(0, "commander.helpDisplayed", "(help was shown)");

/** Splits the help of a command with many options: `more` is text that stands behind all of them. */
export const withLongHelp = (command: Command, more: () => string): Command => {
  let whole = false;
  const usual = (of: Command): Option[] =>
    standard.visibleOptions(of).filter(({ long }) => usualOptions.includes(long ?? ""));
  return command
    .configureHelp({
      ...command.configureHelp(),
      // Only while help is written: commander looks for the nearest spelling among all visible options.
      formatHelp: (of, helper) =>
        standard.formatHelp(of, whole ? helper : Object.assign(helper, { visibleOptions: usual })),
    })
    .addOption(new Option("--help-all", "show all options").helpGroup("Options:"))
    .on("option:help-all", () => {
      whole = true;
      command.outputHelp();
      throw helpShown();
    })
    .addHelpText("after", () => {
      if (whole) return more();
      const hidden = standard.visibleOptions(command).length - usual(command).length;
      return `\n${plural(hidden, "further option")}: distillery ${command.name()} --help-all`;
    });
};
