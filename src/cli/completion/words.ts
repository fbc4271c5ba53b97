// Words that can follow on a command line, taken from commander's records.
import { type Argument, type Command, Help, type Option } from "commander";

/** The words that a value can be, and whether it can be a path. */
export interface Values {
  readonly words: readonly string[];
  readonly paths: "none" | "files" | "folders";
}

export interface CompletedOption extends Values {
  /** As they are typed, e.g. `--quiet` and `-q`. */
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly help: string;
}

export interface CompletedCommand {
  readonly name: string;
  readonly help: string;
  readonly options: readonly CompletedOption[];
  /** The values of its first argument. */
  readonly argument: Values;
}

const standard = new Help();

/** Paths by the word that stands for a value: `<file>`, `<name|folder>`, `<set>`. */
const pathsFor = (placeholder: string): Values["paths"] => {
  if (/file/.test(placeholder)) return "files";
  return /folder|set|source|data\b|dir/.test(placeholder) ? "folders" : "none";
};

const valuesOf = ({ argChoices }: Pick<Argument | Option, "argChoices">, placeholder: string): Values => ({
  words: argChoices ?? [],
  paths: pathsFor(placeholder),
});

const optionOf = (option: Option): CompletedOption => ({
  flags: [option.long, option.short].flatMap((flag) => flag ?? []),
  takesValue: option.required || option.optional,
  help: option.description,
  ...valuesOf(option, /[<[](.*)[>\]]/.exec(option.flags)?.[1] ?? ""),
});

/**
 * The commands of a program with what can follow each; options that a command's help hides are left out. `recipes` are the
 * names that come with the program.
 */
export const completedCommands = (program: Command, recipes: readonly string[]): CompletedCommand[] => {
  /** Words that are known only when all commands are. */
  const late: Readonly<Record<string, readonly string[]>> = {
    "--recipe": recipes,
    recipe: recipes,
    command: program.commands.map((command) => command.name()),
  };
  const withLate = <V extends Values>(name: string | undefined, values: V): V => ({
    ...values,
    words: late[name ?? ""] ?? values.words,
  });
  return program.commands.map((command) => {
    const [first] = command.registeredArguments;
    return {
      name: command.name(),
      help: command.description(),
      options: standard.visibleOptions(command).map((option) => withLate(option.long, optionOf(option))),
      argument:
        first === undefined ? { words: [], paths: "none" } : withLate(first.name(), valuesOf(first, first.name())),
    };
  });
};
