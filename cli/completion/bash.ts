/**
 * The completion script for bash, 3.2 and later; it starts no program.
 *
 * In: the commands, the names of rules and packs. Out: the script. Files are left to bash itself (`-o default`), which quotes them.
 */
import { type ListedCommand, withInner } from '../command-list.js';
import { type Names, positionalValues, type Values, valuesOf } from './values.js';

const EVERYWHERE = ['--help', '--version'];

/** What to do for a kind of values. Nothing for files: bash completes those when there is no answer. */
function action(values: Values): string {
  if (values.kind === 'words') return `words='${values.words.join(' ')}'`;
  if (values.kind === 'pairs') return `pairs='${values.words.join(' ')}'${values.file ? '' : ' files='}`;
  return values.kind === 'unknown' ? 'files=' : ':';
}

function optionNames({ options }: ListedCommand): string[] {
  return options.flatMap(({ name, alias }) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])]);
}

function valueCases(command: ListedCommand, names: Names): string[] {
  return command.options
    .filter(({ valued }) => valued)
    .map((option) => {
      const keys = [
        option.name.length > 0 ? `--${option.name}` : '',
        option.alias === undefined ? '' : `-${option.alias}`,
      ];
      const patterns = keys.filter((key) => key !== '').map((key) => `'${command.name} ${key}'`);
      return `        ${patterns.join('|')}) ${action(valuesOf(option, command, names))} ;;`;
    });
}

function wordCase(command: ListedCommand, names: Names): string {
  const options = [...optionNames(command), ...EVERYWHERE].join(' ');
  const inner = command.commands.map(({ name }) => name.split(' ').at(-1)!).join(' ');
  const positional = command.positionals[0];
  const words =
    inner !== ''
      ? `words='${inner}'`
      : positional === undefined
        ? 'files='
        : action(positionalValues(positional, names));
  return `        '${command.name}') options='${options}'; ${words} ;;`;
}

export function bashCompletion(commands: readonly ListedCommand[], names: Names): string {
  const all = withInner(commands);
  const outer = commands.map(({ name }) => name).join(' ');
  const twoWords = commands.filter((one) => one.commands.length > 0).map(({ name }) => name);
  return `# bash completion for dmaspan: made by "dmaspan completion bash"
_dmaspan() {
    local word line=() command='' option='' cur words='' pairs='' options='' files=yes index
    # bash takes "--format=json" for three words.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word=\${COMP_WORDS[index]}
        if ((index > 1)) && [[ $word == '='* || \${COMP_WORDS[index - 1]} == '=' ]]; then
            line[\${#line[@]} - 1]+=$word
        else
            line+=("$word")
        fi
    done
    cur=\${line[\${#line[@]} - 1]}
    for ((index = 1; index < \${#line[@]} - 1; index++)); do
        word=\${line[index]}
        if [[ $word == -- ]]; then
            COMPREPLY=()
            return
        elif [[ $word == -* ]]; then
            continue
        elif [[ -z $command ]]; then
            command=$word
        elif [[ ' ${twoWords.join(' ')} ' == *" $command "* ]]; then
            command+=" $word"
        fi
    done
    [[ $cur == -*=* ]] && option=\${cur%%=*} cur=\${cur#*=}
    [[ -z $option && \${#line[@]} -gt 2 ]] && option=\${line[\${#line[@]} - 2]}
    case "$command $option" in
${all.flatMap((command) => valueCases(command, names)).join('\n')}
        *) option='' ;;
    esac
    if [[ -z $option ]]; then
        case $command in
        '') options='${EVERYWHERE.join(' ')}'; words='${outer}'; files= ;;
${all.map((command) => wordCase(command, names)).join('\n')}
        esac
        [[ $cur == -* ]] && words=$options pairs='' files=
    fi
    if [[ -n $pairs && $cur == *=* ]]; then
        cur=\${cur#*=}
    elif [[ -n $pairs ]]; then
        words=\${pairs// /= }=
        compopt -o nospace 2> /dev/null
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [[ -z $files && \${#COMPREPLY[@]} -eq 0 ]] && compopt +o default +o bashdefault 2> /dev/null
    return 0
}
complete -o bashdefault -o default -F _dmaspan dmaspan
`;
}
