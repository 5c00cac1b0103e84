/**
 * The formats of a diff: a new one is a file beside this one and a line in this table.
 *
 * In: a name. Out: what it is for, and its writer, loaded when it is needed.
 */
import type { Diff } from './diff.js';
import type { Look } from './text.js';

export interface DiffFormat {
  readonly doc: string;
  load(): Promise<(diff: Diff, look: Look) => string>;
}

export const DIFF_FORMATS = {
  text: { doc: 'for people', load: async () => (await import('./text.js')).textDiff },
  json: { doc: 'one object, docs/diff.schema.json', load: async () => (await import('./json.js')).jsonDiff },
  markdown: {
    doc: 'for a merge request',
    load: async () => {
      const { markdownDiff } = await import('./markdown.js');
      return (diff, { top }) => markdownDiff(diff, top);
    },
  },
} as const satisfies Record<string, DiffFormat>;

export type DiffFormatName = keyof typeof DIFF_FORMATS;

export const DIFF_FORMAT_NAMES = Object.keys(DIFF_FORMATS) as DiffFormatName[];
