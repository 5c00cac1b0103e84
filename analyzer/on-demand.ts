/**
 * Views, macros and tables of a database that are made when a statement first names them: making one costs as much as many a query.
 *
 * In: their statements. Out: a function that makes what a statement needs, and what that needs in turn.
 */

export interface Definition {
  readonly name: string;
  /** A macro is named by a call. */
  readonly isMacro: boolean;
  readonly sql: string;
}

export type Ensure = (sql: string) => Promise<void>;

export function onDemand(definitions: readonly Definition[], run: (sql: string) => Promise<unknown>): Ensure {
  const patterns = definitions.map(
    (one) => [one, new RegExp(`\\b${one.name}\\b${one.isMacro ? '\\s*\\(' : ''}`, 'i')] as const,
  );
  // Each is made once; a statement that names one which another statement is having made waits for it, and only for that.
  const made = new Map<Definition, Promise<unknown>>();
  const make = (one: Definition): Promise<unknown> => {
    const making = made.get(one) ?? ensure(one.sql, one).then(() => run(one.sql));
    made.set(one, making);
    return making;
  };
  const ensure = async (sql: string, itself?: Definition): Promise<void> => {
    for (const [one, named] of patterns) if (one !== itself && named.test(sql)) await make(one);
  };
  return (sql) => ensure(sql);
}
