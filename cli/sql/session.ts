/**
 * A database that is asked one statement after the other.
 *
 * In: statements of SQL. Out: their rows as text, written to where the session's output goes, in the session's format.
 */
import type { DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api';
import { ResultReturnType, StatementType } from '@duckdb/node-api';
import type { Database } from '../../analyzer/database.js';
import type { Look, SqlFormat } from '../rows/formats.js';
import { FOR_PEOPLE } from '../rows/formats.js';
import { planAsText, rowsAsText } from '../rows-as-text.js';
import type { Output } from './output-file.js';
import type { Parameters } from './parameters.js';
import { refusal } from './refusals.js';
import type { Statement } from './statements.js';

export interface Session {
  readonly database: Database;
  readonly output: Output;
  readonly parameters: Parameters;
  /** Names of parameters that a statement used. */
  readonly used: Set<string>;
  /** Refuses statements that would change tables. */
  readonly readonly: boolean;
  /** SQL and scripts may read and write files. */
  readonly files: boolean;
  /** Rules of the user's own, for `.rules`. */
  readonly rulesFolder?: string | undefined;
  format: SqlFormat;
  timer: boolean;
  /** Most rows of a table on a terminal. */
  maxRows: number;
  /** As many columns as the terminal has, when 0. */
  maxWidth: number;
  /** Set to stop what runs. */
  cancelled: boolean;
}

/** Stops the statement that runs; it fails as cancelled. */
export function cancel(session: Session): void {
  session.cancelled = true;
  session.database.connection.interrupt();
}

/** Runs a statement and writes its rows. Throws SqlError. `where`: the file that it is from. */
export async function runStatement(session: Session, statement: Statement, where?: string): Promise<void> {
  const { text, line } = statement;
  const began = performance.now();
  const usage = process.cpuUsage();
  session.cancelled = false;
  try {
    await (session.readonly ? reading(session, () => run(session, text)) : run(session, text));
  } catch (error) {
    throw refusal(error, text, line, where);
  }
  if (session.timer)
    await session.output.write(timeTaken(performance.now() - began, process.cpuUsage(usage)));
}

/** One statement may be several to DuckDB (PIVOT); the rows are those of the last. */
async function run(session: Session, sql: string): Promise<void> {
  const parts = await session.database.connection.extractStatements(sql);
  for (let at = 0; at < parts.count; at++) {
    const prepared = await parts.prepare(at);
    if (session.readonly && at === parts.count - 1) await refuseWriting(session, prepared, sql);
    bind(session, prepared);
    const result = await prepared.stream();
    if (at === parts.count - 1) await writeRows(session, result);
    else await result.fetchAllChunks();
  }
}

async function writeRows(session: Session, result: DuckDBResult): Promise<void> {
  const plan = result.statementType === StatementType.EXPLAIN && FOR_PEOPLE.has(session.format);
  if (result.returnType !== ResultReturnType.QUERY_RESULT) {
    await result.fetchAllChunks();
    return;
  }
  const texts = plan ? planAsText(result) : rowsAsText(result, session.format, lookOf(session));
  for await (const text of texts) {
    if (session.cancelled) throw new Error('INTERRUPT Error: Interrupted!');
    await session.output.write(text);
  }
}

function lookOf({ output, maxRows, maxWidth }: Session): Look {
  const width = output.columns();
  return width === undefined ? {} : { width: maxWidth === 0 ? width : maxWidth, rows: maxRows };
}

/** Gives the statement the values of the parameters that it names. */
function bind({ parameters, used }: Session, prepared: DuckDBPreparedStatement): void {
  for (let at = 1; at <= prepared.parameterCount; at++) {
    const name = prepared.parameterName(at);
    const parameter = parameters.get(name);
    if (parameter === undefined)
      throw new Error(`The SQL has a parameter $${name}, and no --param ${name}=VALUE gives it a value.`);
    used.add(name);
    if (parameter.value === null) prepared.bindNull(at);
    else prepared.bindValue(at, parameter.value, parameter.type);
  }
}

/** Statements that only read tables, whatever the transaction lets pass (COPY and ATTACH write files). */
const READS: ReadonlySet<StatementType> = new Set([
  StatementType.SELECT,
  StatementType.EXPLAIN,
  StatementType.PRAGMA,
  StatementType.CALL,
  StatementType.SET,
  StatementType.VARIABLE_SET,
]);

async function refuseWriting(
  session: Session,
  prepared: DuckDBPreparedStatement,
  sql: string,
): Promise<void> {
  const explained = /^\s*EXPLAIN\s+(?:ANALYZE\b)?(?:\s*\([^)]*\))?(.*)$/is.exec(sql)?.[1];
  const statement = explained === undefined ? prepared : await session.database.connection.prepare(explained);
  if (READS.has(statement.statementType)) return;
  throw new Error(
    `${StatementType[statement.statementType]} is refused: with --readonly statements may only read.`,
  );
}

/** DuckDB itself refuses to write in such a transaction. */
async function reading(session: Session, work: () => Promise<void>): Promise<void> {
  const { connection } = session.database;
  await connection.run('BEGIN TRANSACTION READ ONLY');
  try {
    await work();
  } finally {
    await connection.run('ROLLBACK');
  }
}

function timeTaken(wallMs: number, { user, system }: NodeJS.CpuUsage): string {
  const s = (value: number): string => value.toFixed(3);
  return `Run time: ${s(wallMs / 1e3)} s (user ${s(user / 1e6)}, system ${s(system / 1e6)})\n`;
}
