/**
 * Pieces of work shared out among threads: whoever is free takes the first that nobody has.
 *
 * In: a shared int32 a piece, who has it, 0 = nobody yet. Out: who has it, or a piece to do.
 */

/** No piece is anybody's. */
export const noTakers = (pieces: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(pieces * Int32Array.BYTES_PER_ELEMENT));

/** Who has a piece; `me` if nobody had. */
export function takerOf(takers: Int32Array, piece: number, me: number): number {
  const taker = Atomics.compareExchange(takers, piece, 0, me);
  return taker === 0 ? me : taker;
}

/** The first piece from `from` on that nobody had, now `me`'s; undefined when all are taken. */
export function takePiece(takers: Int32Array, me: number, from: number): number | undefined {
  for (let piece = from; piece < takers.length; piece++)
    if (Atomics.compareExchange(takers, piece, 0, me) === 0) return piece;
  return undefined;
}
