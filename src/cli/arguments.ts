// Checks of the words on a command line that belong to no option.
import type { Command, Option } from "commander";
import { DistilleryError } from "../support/errors.ts";

/** A word that is neither an option nor the value of one, and the option that it follows. */
interface Argument {
  readonly word: string;
  readonly after?: { readonly option: Option /** As it was given, with its value. */; readonly given: string };
}

/** The arguments among the words behind a command's name, in their order. */
const argumentsIn = ({ options }: Command, words: readonly string[]): Argument[] => {
  const found: Argument[] = [];
  let after: Argument["after"];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const [name, value] = word.split(/=(.*)/s);
    const option = options.find(({ long, short }) => long === name || short === name);
    if (option === undefined) {
      found.push({ word, ...(after && { after }) });
      after = undefined;
    } else {
      const given = option.required && value === undefined ? `${word} ${words[++i]}` : word;
      after = { option, given };
    }
  }
  return found;
};

const describe = ({ word, after }: Argument): string => {
  if (after === undefined) return `"${word}"`;
  const { option, given } = after;
  if (!option.required) return `"${word}" after ${given}, which takes no value`;
  return `"${word}" after ${given} (a value with blanks goes in quotes: ${given.replace(/[ =]/, ' "')} ${word}")`;
};

/**
 * Fails on more arguments than a command takes, and on a flag that is given "true" or "false". `words` are those behind
 * the command's name. @throws USAGE naming each argument and the option before it.
 */
export const checkArguments = (command: Command, words: readonly string[]): void => {
  const name = command.name();
  const found = argumentsIn(command, words);
  // A value that stands in an option is not asked for again.
  const given = new Set(words.map((word) => word.split("=")[0]));
  const beside = command.registeredArguments
    .map((argument) => `--${argument.name()}`)
    .filter((flag) => given.has(flag));
  const most = command.registeredArguments.length - beside.length;
  const switched = found.filter(({ word, after }) => after?.option.required === false && /^(true|false)$/.test(word));
  const stray = found.length > most ? found : switched;
  if (stray.length === 0) return;
  throw new DistilleryError(
    "USAGE",
    `too many arguments for ${name}, which takes ${most === 0 ? "none" : `at most ${most}`}${beside.map((flag) => ` beside ${flag}`).join("")}: ` +
      `${stray.map(describe).join(", ")}; \`distillery ${name} --help\` says more`,
  );
};
