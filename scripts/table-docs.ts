/**
 * `docs/tables.md`, from the tables' schema and the headers of the views.
 *
 * In: `analyzer/tables.ts`, `analyzer/views/`. Out: the page's text.
 */
import { namesOf } from '../analyzer/names.js';
import type { Column } from '../analyzer/tables/column.js';
import { TABLES } from '../analyzer/tables.js';
import { readViews, type View, type ViewColumn } from '../analyzer/views.js';

const INTRODUCTION = `<!-- Made by \`node dist/scripts/make-docs.js\` from analyzer/tables and analyzer/views; edit those. -->
# Tables, views and macros

What \`dmaspan sql\` queries, in the SQL of [DuckDB](https://duckdb.org/docs/stable/sql/introduction). The database knows these texts too:
\`SELECT table_name, column_name, comment FROM duckdb_columns()\`.

- **Times** (\`…_ts\`) and durations are nanoseconds on the capture's clock, as BIGINT. Where the clock counts something else
  (\`captures.clock_unit\` is \`tick\`), they are its ticks.
- **Addresses** are UBIGINT; \`addr_hex(addr)\` prints one. Subtracting UBIGINT values below zero is an error: cast to BIGINT first.
- **NULL** is a fact that is absent; no other value stands for that.
- **Names** are ENUM types, named like the list below; compare them with strings (a string that no row has equals
  nothing). Names that captures bring sort as text; the model's own words sort in the order given here.
- **Several captures** lie in the same tables; \`capture\` tells them apart, and \`seq\`, \`id\` and what refers to them are unique among all.
- Rows of one table come in their order, also without ORDER BY, when nothing else in the query reorders them.
`;

const MODEL_LISTS = ['layer', 'op', 'kind', 'dir', 'end_reason', 'anomaly', 'cause'] as const;
const CAPTURED_LISTS = { device: 'devices', comm: 'names of threads', event: 'events of the dictionary' };

function namesSection(): string {
  const { members } = namesOf({ captures: [], comms: [], devices: [], stacks: [], types: [] });
  const model = MODEL_LISTS.map(
    (list) => `| \`${list}\` | ${members[list].map((name) => `\`${name}\``).join(' ')} |`,
  );
  const captured = Object.entries(CAPTURED_LISTS).map(([list, what]) => `| \`${list}\` | the ${what} |`);
  return ['## Names', '', '| type | values |', '|---|---|', ...model, ...captured, ''].join('\n');
}

/** A table's cell: no bar ends it early. */
const cell = (text: string | undefined): string => (text ?? '').replaceAll('|', '\\|');

function columnRow({ name, type, unit, doc, null: whenNull }: Column<unknown>): string {
  return `| \`${name}\` | ${type} | ${unit ?? ''} | ${cell(doc)} | ${cell(whenNull) || 'never'} |`;
}

function tableSection(table: (typeof TABLES)[number]): string {
  const columns: readonly Column<unknown>[] = table.columns;
  const head = ['| column | type | unit | meaning | NULL |', '|---|---|---|---|---|'];
  return [`## ${table.name}`, '', table.doc, '', ...head, ...columns.map(columnRow)].join('\n');
}

const viewRow = ({ name, unit, doc }: ViewColumn): string => `| \`${name}\` | ${unit ?? ''} | ${cell(doc)} |`;

function viewSection({ name, doc, like, ownColumns }: View): string {
  const lead = like === undefined ? [] : [`Every column of [\`${like}\`](#${like}), and:`, ''];
  return [
    `### ${name}`,
    '',
    doc,
    '',
    ...lead,
    '| column | unit | meaning |',
    '|---|---|---|',
    ...ownColumns.map(viewRow),
  ].join('\n');
}

const macroRow = ({ name, parameters, doc }: View): string => `| \`${name}(${parameters})\` | ${cell(doc)} |`;

/** The page. */
export function tableDocs(): string {
  const views = readViews();
  const macros = views.filter(({ kind }) => kind !== 'view');
  const parts = [
    INTRODUCTION,
    namesSection(),
    ...TABLES.map((table) => `${tableSection(table)}\n`),
    '## Views\n',
    ...views.filter(({ kind }) => kind === 'view').map((view) => `${viewSection(view)}\n`),
    '## Macros\n',
    ['| macro | what it gives |', '|---|---|', ...macros.map(macroRow), ''].join('\n'),
  ];
  return parts.join('\n');
}
