/**
 * Tables in Arrow's IPC file format (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format).
 *
 * In: evidence. Out: a folder with one file a table, a record batch for some ten thousand rows. A batch is made, written and
 * forgotten before the next is read. Names are dictionary-encoded; the meaning of a column is the metadata of its field.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncByteQueue, RecordBatchFileWriter, Schema } from 'apache-arrow';
import { batchOf } from '../arrow-types.js';
import type { Database } from '../database.js';
import type { Evidence } from '../evidence.js';
import type { OnStep } from '../store/write.js';
import { TABLES, type Table } from '../tables.js';
import { type BatchColumn, columnFor, selected } from './arrow-columns.js';

/** Sixteen of DuckDB's vectors. */
const BATCH_ROWS = 32_768;
const VECTOR_ROWS = 2048;

export async function exportArrow(evidence: Evidence, path: string, onStep: OnStep): Promise<void> {
  mkdirSync(path);
  const database = await evidence.open({ allowFiles: true, terse: true });
  try {
    for (const [at, table] of TABLES.entries()) {
      onStep(table.name, at, TABLES.length);
      await writeTable(database, table, join(path, `${table.name}.arrow`));
    }
  } finally {
    database.close();
  }
}

/** What the writer gives goes to the file at once. */
class FileSink extends AsyncByteQueue {
  constructor(private readonly fd: number) {
    super();
  }

  override write(chunk: ArrayBufferLike | ArrayBufferView): void {
    const bytes = ArrayBuffer.isView(chunk)
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      : new Uint8Array(chunk);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
  }
}

async function writeTable(database: Database, table: Table, file: string): Promise<void> {
  const columns: BatchColumn[] = [];
  for (const [id, column] of table.columns.entries())
    columns.push(await columnFor(database, column, { capacity: BATCH_ROWS, id }));
  const schema = new Schema(
    columns.map(({ field }) => field),
    new Map([['doc', table.doc]]),
  );
  const fd = openSync(file, 'wx');
  try {
    const writer = new RecordBatchFileWriter();
    writer.reset(new FileSink(fd), schema);
    await writeBatches(database, table, columns, (rows) =>
      writer.write(
        batchOf(
          schema,
          rows,
          columns.map((column) => column.take(rows)),
        ),
      ),
    );
    writer.finish();
  } finally {
    closeSync(fd);
  }
}

async function writeBatches(
  database: Database,
  table: Table,
  columns: readonly BatchColumn[],
  write: (rows: number) => void,
): Promise<void> {
  const result = await database.stream(`SELECT ${table.columns.map(selected).join(', ')} FROM ${table.name}`);
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const [at, column] of columns.entries()) column.add(chunk.getColumnVector(at), rows);
    rows += chunk.rowCount;
    if (rows + VECTOR_ROWS <= BATCH_ROWS) continue;
    write(rows);
    rows = 0;
  }
  if (rows > 0) write(rows);
}
