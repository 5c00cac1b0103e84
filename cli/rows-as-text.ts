/**
 * A query's rows as text.
 *
 * In: a result of DuckDB. Out: pieces of text. NULL is "NULL" for people, empty in CSV, null in JSON; in JSON, 64-bit integers are
 * decimal strings, as DuckDB's Node client writes them.
 */
import type { DuckDBResult } from '@duckdb/node-api';
import { table, wholeBox } from './rows/box.js';
import type { Look, SqlFormat } from './rows/formats.js';
import { html, latex, lines, markdown } from './rows/markup.js';
import { csv, insert, json, jsonLines, list, tabs } from './rows/separated.js';

type Writer = (result: DuckDBResult, look: Look) => AsyncIterable<string>;

const WRITERS: Readonly<Record<SqlFormat, Writer>> = {
  table,
  box: wholeBox,
  markdown,
  line: lines,
  list,
  csv,
  tabs,
  json,
  jsonlines: jsonLines,
  html,
  latex,
  insert,
  trash: nothing,
};

export function rowsAsText(result: DuckDBResult, format: SqlFormat, look: Look = {}): AsyncIterable<string> {
  return WRITERS[format](result, look);
}

/** Reads all rows, so that a query takes the time that it takes. */
async function* nothing(result: DuckDBResult): AsyncIterable<string> {
  for await (const chunk of result) if (chunk.rowCount < 0) yield '';
}

/** A plan is a drawing, which a table would break. */
export async function* planAsText(result: DuckDBResult): AsyncIterable<string> {
  for await (const rows of result.yieldRows()) {
    for (const row of rows) yield `${String(row[1]).trimEnd()}\n`;
  }
}
