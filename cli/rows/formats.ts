/** The ways to print a query's rows, by name, with what they are for. Light: the help and the completion read it too. */

export const FORMAT_DOCS = {
  table: 'boxes; on a terminal as wide as that, with types and at most .maxrows rows',
  box: 'boxes, never narrowed',
  markdown: 'a table for Markdown',
  line: 'a line a value: for many columns',
  list: 'values with | between them',
  csv: 'comma-separated values (RFC 4180)',
  tabs: 'tab-separated values',
  json: 'one array of objects',
  jsonlines: 'an object a line',
  html: 'an HTML table',
  latex: 'a LaTeX tabular',
  insert: 'INSERT statements',
  trash: 'nothing, say to time a query',
} as const;

export type SqlFormat = keyof typeof FORMAT_DOCS;

export const FORMATS = Object.keys(FORMAT_DOCS) as readonly SqlFormat[];

/** Names that other shells have for the same. */
const OTHER_NAMES: Readonly<Record<string, SqlFormat>> = {
  duckbox: 'table',
  column: 'box',
  jsonl: 'jsonlines',
  ndjson: 'jsonlines',
  md: 'markdown',
  tsv: 'tabs',
};

/** A format by a name that a person typed. */
export function formatNamed(name: string): SqlFormat | undefined {
  return FORMATS.find((format) => format === name) ?? OTHER_NAMES[name];
}

/** For people, not for programs: a plan is printed as the drawing that it is. */
export const FOR_PEOPLE: ReadonlySet<SqlFormat> = new Set([
  'table',
  'box',
  'markdown',
  'line',
  'list',
  'html',
  'latex',
]);

/** How much of a table is shown. */
export interface Look {
  /** Columns of the terminal; a table is narrowed to them, and has types. Whole without. */
  readonly width?: number;
  /** Most rows of a table that is narrowed: the first ones and the last. */
  readonly rows?: number;
}
