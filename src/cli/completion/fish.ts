// The completion of fish.
import type { CompletedCommand, CompletedOption, Values } from "./words.ts";

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** Fish code whose lines are the candidates for a value. */
const candidates = ({ words, paths }: Values): string => {
  const listed = words.length > 0 ? `__distillery_list ${words.join(" ")}` : "";
  return [listed, paths === "folders" ? "__fish_complete_directories" : ""].filter((one) => one !== "").join("; ");
};

const asked = (values: Values): string => {
  const found = candidates(values);
  return found === "" ? "" : ` -a ${quoted(`(${found})`)}`;
};

const optionLine = (when: string, option: CompletedOption): string => {
  const { flags, takesValue, paths, help } = option;
  const spelled = flags
    .map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    .join(" ");
  // Without -f, which -x includes, fish offers files.
  const value = takesValue ? (paths === "files" ? ` -r${asked(option)}` : ` -x${asked(option)}`) : "";
  return `${when} ${spelled}${value} -d ${quoted(help)}`;
};

/** The script for fish. */
export const fishScript = (commands: readonly CompletedCommand[]): string => {
  const names = commands.map(({ name }) => name).join(" ");
  return `# Completion of distillery. fish: distillery completion fish | source, e.g. in ~/.config/fish/config.fish
function __distillery_list
    set -l before (string match -r -- '^.*,' (commandline -ct | string replace -r -- '^--[a-z-]+=' ''))
    for word in $argv
        echo "$before$word"
    end
end
complete -c distillery -f
${commands
  .flatMap(({ name, help, options, argument }) => {
    const within = `complete -c distillery -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    const values = asked(argument);
    return [
      `complete -c distillery -n ${quoted(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${quoted(help)}`,
      ...(values === "" ? [] : [`${within}${values}`]),
      ...options.map((option) => optionLine(within, option)),
    ];
  })
  .join("\n")}
`;
};
