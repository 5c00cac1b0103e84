/**
 * Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/), as far as a trace needs it.
 *
 * In: fields by number. Out: bytes. A message inside another is written in place, and its length put before it when it ends.
 *
 *     field          wire type            payload
 *     number << 3 |  0 varint             7 bits a byte, the lowest first, the high bit while more follow
 *                    2 length-delimited   varint length, then bytes: a text, or a message
 */

const VARINT = 0;
const DELIMITED = 2;
/** Above it a number is no longer exact. */
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const UTF8 = new TextEncoder();

export class ProtobufWriter {
  private bytes = new Uint8Array(1 << 16);
  private length = 0;

  /** What was written since the last time; valid until more is written. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  get size(): number {
    return this.length;
  }

  /** An integer; a negative one as its 64-bit two's complement. */
  varint(field: number, value: number | bigint): void {
    this.number((field << 3) | VARINT);
    this.number(value);
  }

  text(field: number, value: string): void {
    const bytes = UTF8.encode(value);
    this.number((field << 3) | DELIMITED);
    this.number(bytes.length);
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A message, of the fields that `write` writes. */
  message(field: number, write: () => void): void {
    this.number((field << 3) | DELIMITED);
    this.room(1);
    const begin = ++this.length; // one byte for the length, as most have it
    write();
    this.putLength(begin);
  }

  private putLength(begin: number): void {
    const length = this.length - begin;
    const more = lengthBytes(length) - 1;
    if (more > 0) {
      this.room(more);
      this.bytes.copyWithin(begin + more, begin, this.length);
    }
    this.length = begin - 1;
    this.number(length);
    this.length += length;
  }

  private number(value: number | bigint): void {
    this.room(10);
    if (typeof value === 'number') this.small(value);
    else if (value >= 0n && value <= SAFE) this.small(Number(value));
    else this.large(BigInt.asUintN(64, value));
  }

  private small(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes[this.length++] = (rest % 0x80) | 0x80;
    this.bytes[this.length++] = rest;
  }

  private large(value: bigint): void {
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.length++] = Number(rest);
  }

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(2 * (this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
