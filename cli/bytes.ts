/** Numbers of bytes as an option takes them: 512M. */
import { UsageError } from './exit-codes.js';

const UNITS: Readonly<Record<string, bigint>> = { '': 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n };

/** Throws UsageError that names the option. */
export function parseBytes(option: string, text: string): bigint {
  const match = /^(\d{1,15})([KMG]?)$/.exec(text);
  if (match === null)
    throw new UsageError(
      `${option} ${text}: expected a number of bytes`,
      'As in 512M; K, M and G are 2^10, 2^20 and 2^30.',
    );
  return BigInt(match[1]!) * UNITS[match[2]!]!;
}
