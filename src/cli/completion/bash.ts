// The completion of bash; zsh runs it too.
import type { CompletedCommand, Values } from "./words.ts";

const quoted = (words: readonly string[]): string => `'${words.join(" ").replaceAll("'", "")}'`;

const assigned = ({ words, paths }: Values): string => `words=${quoted(words)} paths=${paths}`;

/** `case` branches of one command: the values of its options, of its argument, and its options. */
const branches = ({ name, options, argument }: CompletedCommand): string[] => [
  ...options
    .filter(({ takesValue }) => takesValue)
    .map((option) => `    ${option.flags.map((flag) => `"${name} ${flag}"`).join(" | ")}) ${assigned(option)} ;;`),
  `    "${name} "*) ${assigned(argument)} options=${quoted(options.flatMap(({ flags }) => flags))} ;;`,
];

/** The script for bash. A word is completed behind its last comma, so that lists are too. */
export const bashScript = (commands: readonly CompletedCommand[]): string => {
  const names = commands.map(({ name }) => name);
  return `# Completion of distillery. bash: eval "$(distillery completion bash)", e.g. in ~/.bashrc
_distillery() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= words= options= paths=none list= word i
  # bash splits --option=value at the sign.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in ${names.join("|")}) command=\${COMP_WORDS[i]}; break ;; esac
  done
  case "$command $prev" in
    " "*) words=${quoted(names)} options=${quoted(["--help", "--version"])} ;;
${commands.flatMap(branches).join("\n")}
  esac
  COMPREPLY=()
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  if [[ $cur == *,* ]]; then list=\${cur%,*},; cur=\${cur##*,}; fi
  for word in $(compgen -W "$words" -- "$cur"); do COMPREPLY+=("$list$word"); done
  [[ -n $list ]] && return
  while IFS= read -r word; do
    [[ -n $word ]] && COMPREPLY+=("$word")
  done < <(case $paths in files) compgen -f -- "$cur" ;; folders) compgen -d -S / -- "$cur" ;; esac)
  [[ $paths != none && \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _distillery distillery
`;
};

/** The script for zsh, which understands bash's. */
export const zshScript = (commands: readonly CompletedCommand[]): string =>
  `autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands).replace(/bash: eval.*bashrc/, 'zsh: eval "$(distillery completion zsh)", e.g. in ~/.zshrc')}`;
