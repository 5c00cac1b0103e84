/**
 * What the commands take, as data: for shell completion, and for who holds the documentation against it.
 *
 * In: the commands, as yargs has them. Out: each with its options, positional arguments, examples and commands of its own. Builders are run on a
 * recorder in yargs' place, which knows no more of yargs than they use.
 */
import type { CommandModule, Options, PositionalOptions } from 'yargs';

export interface ListedOption {
  /** "fail-on". */
  readonly name: string;
  /** "o" for -o. */
  readonly alias?: string;
  readonly describe: string;
  /** It takes a value. */
  readonly valued: boolean;
  readonly repeated: boolean;
  readonly choices: readonly string[];
}

export interface ListedPositional {
  readonly name: string;
  readonly choices: readonly string[];
}

export interface ListedCommand {
  /** "report", "probes show". */
  readonly name: string;
  readonly describe: string;
  readonly options: readonly ListedOption[];
  readonly positionals: readonly ListedPositional[];
  readonly examples: readonly string[];
  readonly commands: readonly ListedCommand[];
}

const words = (choices: Options['choices']): string[] => [...(choices ?? [])].map(String);

function listedOption(name: string, { alias, describe, type, array, choices }: Options): ListedOption {
  return {
    name,
    ...(typeof alias === 'string' ? { alias } : {}),
    describe: typeof describe === 'string' ? describe : '',
    valued: type !== 'boolean',
    repeated: array === true,
    choices: words(choices),
  };
}

/** Takes a builder's calls. */
class Recorder {
  readonly options: ListedOption[] = [];
  readonly positionals: ListedPositional[] = [];
  readonly examples: string[] = [];
  readonly commands: CommandModule[] = [];

  conflicts(): this {
    return this;
  }

  option(name: string, options: Options): this {
    this.options.push(listedOption(name, options));
    return this;
  }

  positional(name: string, { choices }: PositionalOptions): this {
    this.positionals.push({ name, choices: words(choices) });
    return this;
  }

  example(command: string): this {
    this.examples.push(command);
    return this;
  }

  command(module: CommandModule): this {
    this.commands.push(module);
    return this;
  }

  demandCommand(): this {
    return this;
  }
}

export function listedCommand({ command, describe, builder }: CommandModule, under = ''): ListedCommand {
  const name = `${under}${String(command).split(' ')[0]!}`;
  const recorder = new Recorder();
  if (typeof builder === 'function') builder(recorder as never);
  const { options, positionals, examples, commands } = recorder;
  return {
    name,
    describe: String(describe ?? ''),
    options,
    positionals,
    examples,
    commands: commands.map((one) => listedCommand(one, `${name} `)),
  };
}

/** A list of commands with those within them, each after the one that has it. */
export const withInner = (commands: readonly ListedCommand[]): ListedCommand[] =>
  commands.flatMap((one) => [one, ...withInner(one.commands)]);
