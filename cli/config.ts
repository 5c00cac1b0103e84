/**
 * A project's settings.
 *
 * In: `--config FILE`, or `dmaspan.config.json` of the working directory. Out: what stands there, checked by docs/config.schema.json,
 * with its paths relative to the working directory; or a SettingsError that names the key.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { RuleSettings } from '../analyzer/rule-settings.js';
import { SettingsError } from '../analyzer/triage/settings-error.js';
import type { FailOn } from '../analyzer/triage/triage.js';
import { inPackage } from '../traces/package-root.js';
import { shortened } from '../traces/printable.js';
import { readText } from './read-text.js';

export const CONFIG_FILE = 'dmaspan.config.json';

export interface Config extends RuleSettings {
  readonly events?: readonly string[];
  readonly kallsyms?: string;
  readonly packs?: readonly string[];
  readonly rules?: string;
  readonly baseline?: string;
  readonly suppressions?: string;
  readonly 'fail-on'?: FailOn;
  readonly 'require-complete'?: boolean;
  readonly 'max-live-bytes'?: number | string;
  readonly budget?: Readonly<Record<string, number>>;
}

const ADVICE = 'docs/config.schema.json says what may stand there, docs/ci/README.md what it means.';

export async function readConfig(asked: string | undefined): Promise<Config> {
  if (asked === undefined && !existsSync(CONFIG_FILE)) return {};
  const file = asked ?? CONFIG_FILE;
  const value = parse(readText(file, 'settings', 'Give --config a file, or write one.'), file);
  await check(value, file);
  return relocated(value as Config, dirname(file));
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`${file}: expected JSON: ${shortened((error as Error).message, 120)}`, ADVICE);
  }
}

async function check(value: unknown, file: string): Promise<void> {
  // By its default export: the command in one piece has no other of a CommonJS package.
  const { Ajv } = (await import('ajv')).default;
  const schema = JSON.parse(readFileSync(inPackage('docs', 'config.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ strict: false }).compile(schema);
  if (validate(value)) return;
  const { instancePath, keyword, params, message } = validate.errors![0]!;
  const at = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const place = at === '' ? '' : `${shortened(at, 80)}: `;
  const facts = params as { additionalProperty?: string; allowedValues?: unknown[]; propertyName?: string };
  const problem =
    keyword === 'additionalProperties'
      ? `unknown key ${JSON.stringify(shortened(facts.additionalProperty!, 60))}`
      : keyword === 'enum'
        ? `expected one of ${facts.allowedValues!.join(', ')}`
        : message;
  throw new SettingsError(`${file}: ${place}${problem}`, ADVICE);
}

function relocated(config: Config, folder: string): Config {
  const path = (name: string): string => (isAbsolute(name) ? name : join(folder, name));
  const { events, kallsyms, packs, rules, baseline, suppressions } = config;
  return {
    ...config,
    ...(events === undefined ? {} : { events: events.map(path) }),
    ...(kallsyms === undefined ? {} : { kallsyms: path(kallsyms) }),
    ...(packs === undefined ? {} : { packs: packs.map(path) }),
    ...(rules === undefined ? {} : { rules: path(rules) }),
    ...(baseline === undefined ? {} : { baseline: path(baseline) }),
    ...(suppressions === undefined ? {} : { suppressions: path(suppressions) }),
  };
}
