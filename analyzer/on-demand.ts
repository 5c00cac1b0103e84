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
  const pending = new Map(
    definitions.map((one) => [one, new RegExp(`\\b${one.name}\\b${one.isMacro ? '\\s*\\(' : ''}`, 'i')]),
  );
  const make: Ensure = async (sql) => {
    for (const [one, named] of pending) {
      if (!named.test(sql)) continue;
      pending.delete(one);
      await make(one.sql);
      await run(one.sql);
    }
  };
  // One after another: a statement must not find that another one is still making what it needs.
  let turn: Promise<void> = Promise.resolve();
  return (sql) => {
    turn = turn.catch(() => undefined).then(() => make(sql));
    return turn;
  };
}
