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

/** Does all of the work, as much at a time as there are hands: each takes the next piece when it is ready, or has done one. */
export async function sharedOut<Hand, Piece>(
  hands: readonly Promise<Hand>[],
  pieces: readonly Piece[],
  work: (hand: Hand, piece: Piece) => Promise<void>,
): Promise<void> {
  const left = pieces.values();
  await together(
    hands.map(async (ready) => {
      const hand = await ready;
      for (const piece of left) await work(hand, piece);
    }),
  );
}
