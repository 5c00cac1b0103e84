/**
 * Rules as a project wants them: other severities, other parameters, some of them off.
 *
 * In: rules, and settings by rule. Out: the rules to run, or a RuleError that names what is not there.
 */
import { findRule, type Rule, RuleError, type Severity } from './rules.js';

export interface RuleSettings {
  /** By rule; `off` does not run it. */
  readonly severity?: Readonly<Record<string, Severity | 'off'>>;
  /** By rule, then by parameter. */
  readonly param?: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
}

export function withSettings(rules: readonly Rule[], { severity = {}, param = {} }: RuleSettings): Rule[] {
  for (const id of [...Object.keys(severity), ...Object.keys(param)]) findRule(rules, id);
  return rules
    .filter(({ id }) => severity[id] !== 'off')
    .map((rule) => {
      const imposed = severity[rule.id];
      const changed = param[rule.id];
      return {
        ...rule,
        ...(imposed === undefined || imposed === 'off' ? {} : { severity: imposed, imposed: true }),
        ...(changed === undefined ? {} : { parameters: changedParameters(rule, changed) }),
      };
    });
}

function changedParameters(
  rule: Rule,
  values: Readonly<Record<string, number | string>>,
): Rule['parameters'] {
  const known = rule.parameters.map(({ name }) => name);
  const wrong = Object.keys(values).find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new RuleError(
      `the rule ${rule.id} has no parameter ${JSON.stringify(wrong)}`,
      known.length === 0 ? 'It has none.' : `It has: ${known.join(', ')}.`,
    );
  }
  return rule.parameters.map((one) => ({ ...one, value: values[one.name] ?? one.value }));
}
