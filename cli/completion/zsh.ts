/**
 * The completion script for zsh, for a folder of $fpath or to be sourced; it starts no program.
 *
 * In: the commands, the names of rules and packs. Out: the script, made of specifications for zsh's _arguments.
 */
import type { ListedCommand, ListedOption } from '../command-list.js';
import { inShort, type Names, positionalValues, type Values, valuesOf } from './values.js';

/** Text within single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Text in a specification, where these have a meaning. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

function action(values: Values): string {
  if (values.kind === 'words') return `(${values.words.join(' ')})`;
  if (values.kind === 'pairs')
    return `{_dmaspan_pairs ${values.file ? '_files' : 'true'} ${values.words.join(' ')}}`;
  return { files: '_files', folders: '_files -/', unknown: ' ' }[values.kind];
}

function optionSpec(option: ListedOption, command: ListedCommand, names: Names): string {
  const { name, alias, describe, valued, repeated } = option;
  const long = `--${name}${valued ? '=' : ''}`;
  const keys = alias === undefined ? [long] : [`-${alias}${valued ? '+' : ''}`, long];
  const value = valued ? `:${name}:${action(valuesOf(option, command, names))}` : '';
  const spec = `[${plain(inShort(describe))}]${value}`;
  return keys.map((key) => `${quoted(`${repeated ? '*' : ''}${key}${spec}`)}`).join(' ');
}

function specs(command: ListedCommand, names: Names): string {
  const positional = command.positionals[0];
  const words =
    positional === undefined
      ? []
      : [quoted(`*:${positional.name}:${action(positionalValues(positional, names))}`)];
  const options = command.options.map((option) => optionSpec(option, command, names));
  return [...options, ...words, "'--help[Show help]'"].join(' \\\n            ');
}

const described = (commands: readonly ListedCommand[]): string =>
  commands.map(({ name, describe }) => quoted(`${name.split(' ').at(-1)}:${inShort(describe)}`)).join(' ');

function commandCase(command: ListedCommand, names: Names): string {
  const label = command.name.split(' ').at(-1)!;
  if (command.commands.length === 0)
    return `        ${label}) _arguments \\\n            ${specs(command, names)} ;;`;
  return `        ${label})
            _arguments -C '1:command:->inner' '*::argument:->rest'
            case $state in
            inner) commands=(${described(command.commands)}); _describe command commands ;;
            rest) case $words[1] in
${command.commands.map((one) => commandCase(one, names)).join('\n')}
            esac ;;
            esac ;;`;
}

export function zshCompletion(commands: readonly ListedCommand[], names: Names): string {
  return `#compdef dmaspan
# zsh completion for dmaspan: made by "dmaspan completion zsh"
_dmaspan_pairs() {
    local after=$1
    shift
    if compset -P '*='; then $after; else compadd -q -S '=' -- "$@"; fi
}
_dmaspan() {
    local curcontext=$curcontext state line
    local -a commands
    typeset -A opt_args
    _arguments -C '(- *)--help[Show help]' '(- *)--version[Show version number]' '1:command:->command' '*::argument:->argument'
    case $state in
    command) commands=(${described(commands)}); _describe command commands ;;
    argument)
        case $words[1] in
${commands.map((command) => commandCase(command, names)).join('\n')}
        esac ;;
    esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _dmaspan "$@"; else compdef _dmaspan dmaspan; fi
`;
}
