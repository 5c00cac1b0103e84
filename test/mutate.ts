/**
 * Damages files, in ways that a disk, a network, a full pipe or somebody with a hex editor might.
 *
 * In: bytes, others of the same format to take pieces from, and random numbers. Out: damaged bytes, and what was done
 * to them in words. The same random numbers do the same damage.
 */
import { LINE_STEPS } from './mutate-lines.js';
import { oneOf, type Random } from './random.js';

export interface Mutated {
  readonly bytes: Uint8Array;
  /** One line a step: "cut 120 bytes at 4711". */
  readonly recipe: readonly string[];
}

/** What a step works on. */
export interface Material {
  readonly bytes: Buffer;
  readonly donors: readonly Uint8Array[];
  readonly random: Random;
}

/** One kind of damage. It may change `bytes` in place. */
export type Step = (material: Material) => { bytes: Buffer; did: string };

/** Half of all places are anywhere, half near the ends, where headers and tables are. */
function placeIn({ bytes, random }: Material): number {
  const near = Math.min(bytes.length, 4096);
  return oneOf(random, [
    () => random(bytes.length),
    () => random(bytes.length),
    () => random(near),
    () => bytes.length - 1 - random(near),
  ])();
}

/** Mostly short: as many bytes as a field, a record, a page, a section. */
const lengthFor = (random: Random): number => 1 + random(oneOf(random, [8, 64, 512, 4096, 32768]));

function piece(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return bytes.slice(at, at + length);
}

const without = (bytes: Buffer, from: number, to: number): Buffer =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);

const inserted = (bytes: Buffer, at: number, what: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);

/** Writes over what is there, as far as the file goes. */
function overwritten(bytes: Buffer, at: number, what: Uint8Array): Buffer {
  bytes.set(what.subarray(0, bytes.length - at), at);
  return bytes;
}

/** Puts a piece into the file, or over it. */
function placed({ bytes, random }: Material, at: number, what: Uint8Array): { bytes: Buffer; how: string } {
  return random(2) === 0
    ? { bytes: inserted(bytes, at, what), how: 'inserted' }
    : { bytes: overwritten(bytes, at, what), how: 'written over' };
}

const flipBits: Step = (material) => {
  const { bytes, random } = material;
  const flips = Array.from({ length: 1 + random(8) }, () => [placeIn(material), random(8)] as const);
  for (const [at, bit] of flips) bytes[at]! ^= 1 << bit;
  return { bytes, did: `flipped bits ${flips.map(([at, bit]) => `${at}.${bit}`).join(' ')}` };
};

const overwriteBytes: Step = (material) => {
  const { bytes, random } = material;
  const at = placeIn(material);
  const length = lengthFor(random);
  const value = oneOf(random, [0, 0xff, -1]);
  const noise = Uint8Array.from({ length }, () => (value < 0 ? random(256) : value));
  return {
    bytes: overwritten(bytes, at, noise),
    did: `wrote ${length} bytes of ${value < 0 ? 'noise' : value} at ${at}`,
  };
};

const cutEnd: Step = (material) => {
  const at = placeIn(material);
  return { bytes: material.bytes.subarray(0, at), did: `cut all from ${at} on` };
};

const cutStart: Step = ({ bytes, random }) => {
  const length = Math.min(lengthFor(random), bytes.length - 1);
  return { bytes: bytes.subarray(length), did: `cut the first ${length} bytes` };
};

const cutMiddle: Step = (material) => {
  const at = placeIn(material);
  const length = lengthFor(material.random);
  return { bytes: without(material.bytes, at, at + length), did: `cut ${length} bytes at ${at}` };
};

const splice: Step = (material) => {
  const { donors, random } = material;
  const donor = oneOf(random, donors);
  const from = random(donor.length);
  const what = piece(donor, from, lengthFor(random));
  const at = placeIn(material);
  const { bytes, how } = placed(material, at, what);
  return { bytes, did: `${how} at ${at}: ${what.length} bytes of another file's ${from}` };
};

const repeat: Step = (material) => {
  const from = placeIn(material);
  const what = piece(material.bytes, from, lengthFor(material.random));
  const at = material.random(2) === 0 ? from : placeIn(material);
  const { bytes, how } = placed(material, at, what);
  return { bytes, did: `${how} at ${at}: ${what.length} bytes of its own ${from}` };
};

const ABSURD: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 0x7fffn, 0xffffn, 0x10000n, 0x00ff_ffffn, 0x7fff_ffffn, 0x8000_0000n],
  ...[0xffff_ffffn, 0xffff_fff8n, 0x1_0000_0000n, 0x10_0000_0000n, 1n << 53n, (1n << 63n) - 1n, 1n << 63n],
  ...[0xffff_ffff_ffff_fff8n, 0xffff_ffff_ffff_ffffn],
];

const TRIES = 24;

/** A place whose bytes could be a length, a count or an offset: a number that is neither 0 nor beyond the file. */
function numberPlace(material: Material, width: number): number {
  const { bytes } = material;
  for (let tries = 0; tries < TRIES; tries++) {
    const at = placeIn(material) & ~(width === 2 ? 1 : 3);
    if (at + width > bytes.length) continue;
    const little = bytes.readUIntLE(at, Math.min(width, 6));
    const big = bytes.readUIntBE(at + width - Math.min(width, 6), Math.min(width, 6));
    if (Math.min(little, big) > 0 && Math.min(little, big) <= bytes.length) return at;
  }
  return placeIn(material);
}

const absurdNumber: Step = (material) => {
  const { bytes, random } = material;
  const width = oneOf(random, [2, 4, 4, 8, 8]);
  const at = numberPlace(material, width);
  const near = at + 4 <= bytes.length ? BigInt(bytes.readUInt32LE(at)) + BigInt(random(17) - 8) : 1n;
  const value = BigInt.asUintN(8 * width, random(4) === 0 ? near : oneOf(random, ABSURD));
  const number = Buffer.alloc(8);
  if (random(4) > 0) number.writeBigUInt64LE(value);
  else number.writeBigUInt64BE(value << BigInt(64 - 8 * width));
  return {
    bytes: overwritten(bytes, at, number.subarray(0, width)),
    did: `wrote ${number.toString('hex', 0, width)} at ${at}`,
  };
};

const swap: Step = (material) => {
  const { bytes, random } = material;
  const [one, other] = [placeIn(material), placeIn(material)];
  const length = lengthFor(random);
  const [first, second] = [piece(bytes, one, length), piece(bytes, other, length)];
  return {
    bytes: overwritten(overwritten(bytes, one, second), other, first),
    did: `swapped ${length} bytes at ${one} and ${other}`,
  };
};

const BYTE_STEPS: readonly Step[] = [
  ...[flipBits, flipBits, overwriteBytes, cutEnd, cutStart, cutMiddle, splice, repeat, swap],
  ...[absurdNumber, absurdNumber, absurdNumber],
];

const TEXT_STEPS: readonly Step[] = [
  ...LINE_STEPS,
  ...[flipBits, overwriteBytes, cutEnd, cutStart, cutMiddle, splice, repeat, swap],
];

/** Mostly one or two steps, so that what lies behind the damage is still read; sometimes many. */
const stepsFor = (random: Random): number => oneOf(random, [1, 1, 1, 2, 2, 3, 5, 12]);

/** Larger files only take longer. */
const LARGEST = 4 << 20;

/** Damages a copy of `bytes`; `donors` has at least one file. */
export function mutate(
  bytes: Uint8Array,
  donors: readonly Uint8Array[],
  what: 'bytes' | 'text',
  random: Random,
): Mutated {
  const steps = what === 'text' ? TEXT_STEPS : BYTE_STEPS;
  const recipe: string[] = [];
  let damaged: Buffer = Buffer.from(bytes);
  for (let left = stepsFor(random); left > 0 && damaged.length > 1; left--) {
    const { bytes: next, did } = oneOf(random, steps)({ bytes: damaged, donors, random });
    damaged = next.subarray(0, LARGEST);
    recipe.push(did);
  }
  return { bytes: damaged, recipe };
}
