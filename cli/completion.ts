/** `dmaspan completion`: what a shell needs to complete the command line. */
import type { CommandModule } from 'yargs';
import { print } from './output.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Arguments {
  shell: (typeof SHELLS)[number];
}

const WRITERS = {
  bash: async () => (await import('./completion/bash.js')).bashCompletion,
  zsh: async () => (await import('./completion/zsh.js')).zshCompletion,
  fish: async () => (await import('./completion/fish.js')).fishCompletion,
} as const;

export const completionCommand: CommandModule<object, Arguments> = {
  command: 'completion <shell>',
  describe: 'Print a script that lets bash, zsh or fish complete commands, options and their values',
  builder: (yargs) =>
    yargs
      .positional('shell', { choices: SHELLS, describe: 'The shell' })
      .example('source <($0 completion bash)', 'For this bash; in ~/.bashrc for every one')
      .example('$0 completion zsh > ~/.zfunc/_dmaspan', 'For zsh, in a folder of $fpath')
      .example('$0 completion fish > ~/.config/fish/completions/dmaspan.fish', 'For fish') as never,
  handler: async ({ shell }) => {
    const [{ COMMANDS }, { listedCommand }, { loadRules }, { loadPacks }] = await Promise.all([
      import('./commands.js'),
      import('./command-list.js'),
      import('../analyzer/rules.js'),
      import('../traces/probe-pack.js'),
    ]);
    const write = await WRITERS[shell]();
    const packs = (await loadPacks([])).map(({ pack }) => pack);
    const rules = loadRules().map(({ id }) => id);
    await print(
      write(
        COMMANDS.map((one) => listedCommand(one)),
        { packs, rules },
      ),
    );
  },
};
