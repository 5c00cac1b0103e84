/** Work on a database that goes on at the same time. */

/** As Promise.all, but all come to their end, whichever fails: nothing may run in a database that is being closed. */
export async function together<T extends readonly unknown[]>(
  work: {
    readonly [K in keyof T]: Promise<T[K]>;
  },
): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work) as Promise<unknown> as Promise<T>;
}
