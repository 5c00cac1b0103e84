/**
 * What may stand in an option's place, or in that of a positional argument.
 *
 * In: the option or argument, and the names of rules and packs. Out: words, words with a file or a number after "=", files, folders, or nothing that
 * could be known. The same for all shells.
 */

import { DIFF_FORMAT_NAMES } from '../../analyzer/diff/formats.js';
import { REPORT_FORMAT_NAMES } from '../../analyzer/report/formats.js';
import type { ListedCommand, ListedOption, ListedPositional } from '../command-list.js';

export interface Names {
  readonly rules: readonly string[];
  readonly packs: readonly string[];
}

export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** "sarif=FILE", "leak-outlier=5". */
  | { readonly kind: 'pairs'; readonly words: readonly string[]; readonly file: boolean }
  | { readonly kind: 'files' | 'folders' | 'unknown' };

const UNKNOWN: readonly string[] = ['buffer', 'command', 'event', 'kernel', 'max-live-bytes', 'param', 'top'];

export function valuesOf({ name, choices }: ListedOption, command: ListedCommand, names: Names): Values {
  if (choices.length > 0) return { kind: 'words', words: choices };
  if (UNKNOWN.includes(name)) return { kind: 'unknown' };
  if (name === 'only') return { kind: 'words', words: names.rules };
  if (name === 'pack') return { kind: 'words', words: names.packs };
  if (name === 'budget') return { kind: 'pairs', words: names.rules, file: false };
  if (name === 'output')
    return {
      kind: 'pairs',
      words: command.name === 'diff' ? DIFF_FORMAT_NAMES : REPORT_FORMAT_NAMES,
      file: true,
    };
  return { kind: name === 'rules' || name === 'tracefs' ? 'folders' : 'files' };
}

export function positionalValues({ name, choices }: ListedPositional, names: Names): Values {
  if (choices.length > 0) return { kind: 'words', words: choices };
  if (name === 'id') return { kind: 'words', words: names.rules };
  if (name === 'pack') return { kind: 'words', words: names.packs };
  return { kind: 'files' };
}

/** A description in a few words, for shells that show it beside the option. */
export const inShort = (text: string): string => text.split(/[;:(]|, (?=unless|as )/)[0]!.trim();
