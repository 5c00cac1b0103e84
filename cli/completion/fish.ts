/**
 * The completion script for fish; it starts no program.
 *
 * In: the commands, the names of rules and packs. Out: the script, a \`complete\` a command, option and argument.
 */
import { type ListedCommand, type ListedOption, withInner } from '../command-list.js';
import { inShort, type Names, positionalValues, type Values, valuesOf } from './values.js';

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** For an option: it has a value, of files or of these words only. */
function optionValues(values: Values): string {
  if (values.kind === 'words') return ` -x -a ${quoted(values.words.join(' '))}`;
  if (values.kind === 'pairs')
    return ` -x -a ${quoted(`(__dmaspan_pairs ${values.file ? 'files' : 'none'} ${values.words.join(' ')})`)}`;
  if (values.kind === 'folders') return " -x -a '(__fish_complete_directories)'";
  return values.kind === 'files' ? ' -r -F' : ' -x';
}

function optionLine(option: ListedOption, command: ListedCommand, names: Names): string {
  const { name, alias, describe, valued } = option;
  const short = alias === undefined ? '' : ` -s ${alias}`;
  const values = valued ? optionValues(valuesOf(option, command, names)) : '';
  return `complete -c dmaspan -n '__dmaspan_at ${command.name}' -l ${name}${short}${values} -d ${quoted(inShort(describe))}`;
}

function lines(command: ListedCommand, names: Names): string[] {
  const at = `complete -c dmaspan -n '__dmaspan_at ${command.name}'`;
  const [positional] = command.positionals;
  const values = positional === undefined ? undefined : positionalValues(positional, names);
  return [
    ...commandLines(command.commands, `__dmaspan_only ${command.name}`),
    ...command.options.map((option) => optionLine(option, command, names)),
    ...(values === undefined
      ? []
      : [values.kind === 'words' ? `${at} -a ${quoted(values.words.join(' '))}` : `${at} -F`]),
  ];
}

const commandLines = (commands: readonly ListedCommand[], where: string): string[] =>
  commands.map(
    ({ name, describe }) =>
      `complete -c dmaspan -n '${where}' -a ${name.split(' ').at(-1)} -d ${quoted(inShort(describe))}`,
  );

export function fishCompletion(commands: readonly ListedCommand[], names: Names): string {
  return `# fish completion for dmaspan: made by "dmaspan completion fish"
# Whether the line begins with this command.
function __dmaspan_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l count (count $argv)
    test (count $words) -ge $count; and test "$words[1..$count]" = "$argv"
end
# Whether it has no word after it.
function __dmaspan_only
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end
# Words with "=", and after it files, or nothing.
function __dmaspan_pairs
    set -l word (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
    if not string match -q '*=*' -- $word
        printf '%s=\\n' $argv[2..]
    else if test $argv[1] = files
        set -l cut (string split -m 1 = -- $word)
        for path in $cut[2]*
            test -d $path; and set path $path/
            printf '%s=%s\\n' $cut[1] $path
        end
    end
end
complete -c dmaspan -f
complete -c dmaspan -l help -d 'Show help'
complete -c dmaspan -n '__dmaspan_only' -l version -d 'Show version number'
${commandLines(commands, '__dmaspan_only').join('\n')}
${withInner(commands)
  .flatMap((command) => lines(command, names))
  .join('\n')}
`;
}
