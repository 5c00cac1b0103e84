/** `dmaspan rules`: which rules there are, and what one of them says. */
import type { CommandModule } from 'yargs';
import type { Rule } from '../analyzer/rules.js';
import { readConfig } from './config.js';
import { withConfigOption } from './input-options.js';
import { print } from './output.js';

interface Arguments {
  id: string | undefined;
  config: string | undefined;
  rules: string | undefined;
}

export const rulesCommand: CommandModule<object, Arguments> = {
  command: 'rules [id]',
  describe: 'List the rules, or explain one',
  builder: (yargs) =>
    withConfigOption(yargs)
      .positional('id', { type: 'string', describe: 'A rule' })
      .option('rules', { type: 'string', requiresArg: true, describe: 'Folder of rules of your own' })
      .example('$0 rules', 'All rules')
      .example(
        '$0 rules leak-at-removal',
        'What it finds, why that matters, what to do, and its SQL',
      ) as never,
  handler: async ({ id, rules: folder, config }) => {
    const { findRule, loadRules } = await import('../analyzer/rules.js');
    const rules = loadRules(folder ?? (await readConfig(config)).rules);
    await print(id === undefined ? listOfRules(rules) : await ruleInFull(findRule(rules, id)));
  },
};

export function listOfRules(rules: readonly Rule[]): string {
  const width = Math.max(...rules.map((rule) => rule.id.length));
  return rules
    .map((rule) => `${rule.id.padEnd(width)}  ${rule.severity.padEnd(7)}  ${rule.title}\n`)
    .join('');
}

export async function ruleInFull(rule: Rule): Promise<string> {
  const { wrap } = await import('../analyzer/report/layout.js');
  const part = (name: string, text: string): string[] =>
    text === '' ? [] : wrap(text, `  ${name.padEnd(9)}`, ' '.repeat(11));
  const lines = [
    `${rule.id} (${rule.severity}, ${rule.family}): ${rule.title}`,
    '',
    ...part('Why', rule.why),
    ...part('Next', rule.next),
    ...part('From', rule.contract),
    ...rule.needs.flatMap((need) =>
      part('Needs', need.advice === '' ? need.text : `${need.text}: ${need.advice}`),
    ),
    ...rule.parameters.flatMap((one) =>
      part('Param', `${one.name} = ${one.value}${one.doc === '' ? '' : `: ${one.doc}`}`),
    ),
    ...part('File', rule.file),
    '',
    rule.sql,
  ];
  return `${lines.join('\n')}\n`;
}
