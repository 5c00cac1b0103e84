/**
 * Columns of a record batch, filled from DuckDB's vectors.
 *
 * In: a column of `tables.ts`, and vectors of its values. Out: Arrow data of the batch's rows; then it is empty again.
 */
import type { DuckDBVector } from '@duckdb/node-api';
import { Bool, type Data, Dictionary, type Field, Utf8, vectorFromArray } from 'apache-arrow';
import { dataOf, fieldOf, INDEX_TYPES, TYPES } from '../arrow-types.js';
import type { Database } from '../database.js';
import { enumBytes } from '../names.js';
import type { Column } from '../tables/column.js';

type TableColumn = Column<unknown>;

export interface BatchColumn {
  readonly field: Field;
  /** Puts a vector's values behind the batch's first `rows`. */
  add(vector: DuckDBVector, rows: number): void;
  /** The data of the batch, which has so many rows. */
  take(rows: number): Data;
}

const isName = ({ type }: TableColumn): boolean => TYPES[type] === undefined;

/** The column as it is asked for: of names their numbers. */
export const selected = (column: TableColumn): string =>
  isName(column) ? `enum_code("${column.name}") AS "${column.name}"` : `"${column.name}"`;

/** `capacity`: rows of a batch; `id`: of its dictionary, its own in the file. */
export async function columnFor(
  database: Database,
  column: TableColumn,
  { capacity, id }: { capacity: number; id: number },
): Promise<BatchColumn> {
  if (isName(column)) {
    const members = await membersOf(database, column.type);
    const type = new Dictionary(new Utf8(), INDEX_TYPES[enumBytes(members)](), id);
    // One vector for all batches: a file's dictionaries never change.
    const dictionary = vectorFromArray(members, new Utf8());
    return numberColumn(fieldOf(column, type), capacity, { dictionary });
  }
  const type = TYPES[column.type]!();
  const field = fieldOf(column, type);
  return column.type.startsWith('VARCHAR') ? textColumn(field) : numberColumn(field, capacity);
}

async function membersOf(database: Database, type: string): Promise<readonly string[]> {
  const [row] = await database.query(`SELECT enum_range(NULL::"${type}") AS members`);
  return row!.members as string[];
}

/** Numbers and truth values: fixed room a value, and a bit that says whether it is there. */
function numberColumn(field: Field, capacity: number, props: object = {}): BatchColumn {
  const { type } = field;
  const isBool = type instanceof Bool;
  const ArrayType = type.ArrayType as new (length: number) => { [at: number]: unknown; length: number };
  const make = () => new ArrayType(isBool ? Math.ceil(capacity / 8) : capacity);
  let [values, valid, nulls] = [make(), new Uint8Array(Math.ceil(capacity / 8)), 0];
  const set = isBool
    ? (at: number, value: unknown): void => {
        if (value === true) (values as unknown as Uint8Array)[at >> 3]! |= 1 << (at & 7);
      }
    : (at: number, value: unknown): void => {
        values[at] = value;
      };
  return {
    field,
    add: (vector, rows) => {
      for (let k = 0; k < vector.itemCount; k++) {
        const value = vector.getItem(k);
        const at = rows + k;
        if (value === null) nulls++;
        else {
          valid[at >> 3]! |= 1 << (at & 7);
          set(at, value);
        }
      }
    },
    take: (length) => {
      const nullBitmap = nulls === 0 ? undefined : valid;
      const data = dataOf({ type, length, data: values, nullCount: nulls, nullBitmap, ...props });
      [values, valid, nulls] = [make(), new Uint8Array(Math.ceil(capacity / 8)), 0];
      return data;
    },
  };
}

/** Texts and lists of texts. */
function textColumn(field: Field): BatchColumn {
  let values: unknown[] = [];
  return {
    field,
    add: (vector) => {
      for (let k = 0; k < vector.itemCount; k++) {
        const value = vector.getItem(k);
        values.push(
          typeof value === 'object' && value !== null ? (value as { items: unknown }).items : value,
        );
      }
    },
    take: () => {
      const [data] = vectorFromArray(values, field.type).data;
      values = [];
      return data!;
    },
  };
}
