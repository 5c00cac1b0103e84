/**
 * Call stacks as perf prints them, below their event and ended by an empty line.
 *
 * In: a line of a stack. Out: a frame of the open stack.
 * Written by sample__fprintf_callchain(), tools/perf/util/evsel_fprintf.c:
 *
 *   ⇥ffffffff81316e46 dma_map_phys+0x326 ([kernel.kallsyms])
 *   ⇥ffffffffa0402dc6 cmd_write+0xc78 ([dmabug])              a module by its name, or by its file (/lib/modules/…/dmabug.ko.xz)
 *   ⇥ffffffffa0400099 [unknown] ([unknown])                   no symbol: the address is the frame
 *   ⇥          4b0642 [unknown] (/bin/busybox)                user space: this frame and those below are skipped
 *
 * The offset, the symbol and the object are there or not (-F +symoff, -F ip,sym,dso).
 */
import { TextCounter } from '../schema';
import { addFrame, symbol, symbolInModule } from './stacks';
import { count } from './counters';
import { CLOSE, OPEN, PLUS, SLASH, SPACE, find, number, readHex } from './values';

const OPEN_BRACKET: u32 = 0x5b;
const DASH: u32 = 0x2d;
const DOT: u32 = 0x2e;
const X: u32 = 0x78;
const UNKNOWN: u64 = 0x6e776f6e6b6e755b; // "[unknown"
const KERNEL_HALF: u64 = 0x8000000000000000;
const KERN: u32 = 0x6e72656b; // "kern", of "[kernel.kallsyms]", "[kernel.vmlinux]"
const GUES: u32 = 0x73657567; // "gues", of "[guest.kernel.kallsyms]"
const UNKN: u32 = 0x6e6b6e75; // "unkn"
const MODULE_FILE: u32 = 0x6f6b2e; // ".ko"
const MODULE_MAX: usize = 64;

const address: usize = heap.alloc(32);
const module: usize = heap.alloc(MODULE_MAX + 8);
/** A frame of user space was seen: what is below is user space too, or garbage. */
let inUser: bool = false;

/** Frames of known lines, by address: | address u64 | symbol's first bytes u64 | bytes of the line u32 | symbol id u32 | */
const SLOT: usize = 24;
const SLOTS: usize = 4096;
const slots: usize = heap.alloc(SLOT * SLOTS);
memory.fill(slots, 0, SLOT * SLOTS);

export function startPerfStack(): void {
  inUser = false;
}

/** Reads a frame; `at` is behind the tab. */
export function readPerfFrame(at: usize, end: usize): void {
  if (inUser) return;
  while (load<u8>(at) == SPACE) at++;
  const digits = at;
  at = readHex(at);
  if (at == 0 || at > end) return;
  if (number < KERNEL_HALF) return endKernelPart(digits, end);
  const ip = number;
  const slot = slots + (((ip * 0x9e3779b97f4a7c15) >> 52) as usize) * SLOT;
  const known = load<u64>(slot) == ip && load<u64>(slot, 8) == load<u64>(at) && load<u32>(slot, 16) == ((end - at) as u32);
  if (!known) {
    store<u64>(slot, ip);
    store<u64>(slot, load<u64>(at), 8);
    store<u32>(slot, (end - at) as u32, 16);
    store<i32>(slot, frameSymbol(digits, at, end), 20);
  }
  addFrame(load<i32>(slot, 20));
}

function endKernelPart(at: usize, end: usize): void {
  inUser = true;
  count(TextCounter.user_stack, at, end);
}

/** " cmd_write+0xc78 ([dmabug])", all of it behind the address. */
function frameSymbol(digits: usize, at: usize, end: usize): i32 {
  const stop = objectAt(at, end);
  let from = at;
  while (from < stop && load<u8>(from) == SPACE) from++;
  let to = stop;
  while (to > from && load<u8>(to - 1) == SPACE) to--;
  if (from == to || load<u64>(from) == UNKNOWN) return addressSymbol(digits, at);
  to = min(to, offsetAt(from, to));
  return stop < end ? symbolOf(from, to, stop + 1, end) : symbol(from, to);
}

/** Where the parenthesis of the object's name opens, the last one on the line; `end` where there is none. */
function objectAt(at: usize, end: usize): usize {
  if (load<u8>(end - 1) != CLOSE) return end;
  for (let p = end - 1; p > at; p--) if (load<u8>(p) == OPEN && load<u8>(p - 1) == SPACE) return p;
  return end;
}

/** Where "+0x326" begins, or `end`. */
function offsetAt(at: usize, end: usize): usize {
  for (let p = find(at, end, PLUS as u8); p < end; p = find(p + 1, end, PLUS as u8)) {
    if (load<u8>(p + 1) == 0x30 && load<u8>(p + 2) == X) return p;
  }
  return end;
}

/** "0x…": the host makes an address of it. */
function addressSymbol(digits: usize, end: usize): i32 {
  store<u16>(address, 0x7830);
  memory.copy(address + 2, digits, end - digits);
  return symbol(address, address + 2 + end - digits);
}

/** A symbol of the object whose name is [object, end), with the closing parenthesis. */
function symbolOf(at: usize, to: usize, object: usize, end: usize): i32 {
  const bracket = load<u8>(object) == OPEN_BRACKET;
  const word = load<u32>(object + 1);
  if (bracket && word != KERN && word != GUES && word != UNKN) return symbolInModule(at, to, object, find(object, end, CLOSE as u8));
  const bytes: usize = bracket ? 0 : moduleOfFile(object, end - 1);
  return bytes == 0 ? symbol(at, to) : symbolInModule(at, to, module, module + bytes);
}

/** "[foo_bar]", from ".../foo-bar.ko.xz", into `module`; returns its bytes, 0 where the file is no module. */
function moduleOfFile(at: usize, end: usize): usize {
  for (let p = at; p < end; p++) if (load<u8>(p) == SLASH) at = p + 1;
  let stop = at;
  while (stop < end && load<u8>(stop) != DOT) stop++;
  if (stop == at || stop - at > MODULE_MAX || stop >= end || (load<u32>(stop) & 0xffffff) != MODULE_FILE) return 0;
  store<u8>(module, OPEN_BRACKET as u8);
  for (let i: usize = 0; i < stop - at; i++) {
    const c = load<u8>(at + i);
    store<u8>(module + 1 + i, c == DASH ? 0x5f : c);
  }
  store<u8>(module + 1 + stop - at, 0x5d);
  return stop - at + 2;
}
