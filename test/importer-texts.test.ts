/** What the importers' events print like: one event says the same in all three texts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ftraceText } from '../traces/formats/ftrace-text.js';
import { perfScript } from '../traces/formats/perf-script.js';
import { traceCmdReport } from '../traces/formats/trace-cmd-report.js';
import { dictionary, factsOf, readWith, textSource } from './text-rows.js';

const hex = (value: bigint): string => (value === 0xffffffffffffffffn ? '-' : value.toString(16));

/** The facts of the columns, and behind them mm, object, value, other. */
async function said(format: typeof ftraceText, text: string) {
  const { rows, capture, counters } = await readWith(format, textSource(text));
  const facts = rows.map((row) => {
    const columns = factsOf(row).split(' ').slice(0, 8);
    return [...columns, ...(row.side.length === 4 ? row.side.map(hex) : [])].join(' ');
  });
  return { facts, counters, names: [...capture.eventCounts()] };
}

const ftrace = (body: string) =>
  said(ftraceText, `             odp-226     (    226) [001] .....    19.439810: ${body}\n`);
const perf = (event: string, body: string) =>
  said(perfScript, `             odp     226 [001]    19.439817: ${event.padStart(28)}: ${body}\n`);
const report = (event: string, body: string) =>
  said(
    traceCmdReport,
    `             odp-226   [001] .....    19.439810: ${`${event}:`.padEnd(21)} ${body}\n`,
  );

/** ftrace's line, the tracepoint's name, its body, and what it says. */
const CALLS: readonly (readonly [printed: string, name: string, body: string, facts: string])[] = [
  [
    'sys_munmap(addr: 0x7fe9eb0a0000, len: 0x10000)',
    'sys_enter_munmap',
    'addr: 0x7fe9eb0a0000, len: 0x00010000',
    'sys_enter_munmap - 7fe9eb0a0000 10000 - - 0 -',
  ],
  ['sys_munmap -> 0x0', 'sys_exit_munmap', '0x0', 'sys_exit_munmap - - - - - 0 -'],
  [
    'sys_munmap -> 0xffffffffffffffea',
    'sys_exit_munmap',
    '0xffffffffffffffea',
    'sys_exit_munmap - - - - - -22 -',
  ],
  [
    'sys_mremap(addr: 0x7f5fc84f0000, old_len: 0x3000, new_len: 0x4000, flags: 3, new_addr: 0x610000000000)',
    'sys_enter_mremap',
    'addr: 0x7f5fc84f0000, old_len: 0x00003000, new_len: 0x00004000, flags: 0x00000003, new_addr: 0x610000000000',
    'sys_enter_mremap - 7f5fc84f0000 3000 - - 0 - - - 4000 610000000000',
  ],
  [
    'sys_mremap -> 0x610000000000',
    'sys_exit_mremap',
    '0x610000000000',
    'sys_exit_mremap - - - - - 0 - - - 610000000000 -',
  ],
  [
    'sys_madvise(start: 0x7f5fc84ea000, len_in: 0x6000, behavior: 4)',
    'sys_enter_madvise',
    'start: 0x7f5fc84ea000, len_in: 0x00006000, behavior: 0x00000004',
    'sys_enter_madvise - 7f5fc84ea000 6000 - - 0 - - - 4 -',
  ],
  [
    'sys_mmap(addr: 0, len: 0x10000, prot: 3, flags: 0x22, fd: 0xffffffff, off: 0)',
    'sys_enter_mmap',
    'addr: 0x00000000, len: 0x00010000, prot: 0x00000003, flags: 0x00000022, fd: 0xffffffff, off: 0x00000000',
    'sys_enter_mmap - 0 10000 - - 0 - - - 22 3',
  ],
  [
    'sys_exit_group(error_code: 0)',
    'sys_enter_exit_group',
    'error_code: 0x00000000',
    'sys_enter_exit_group - - - - - 0 - - - 0 -',
  ],
];

for (const [printed, name, body, facts] of CALLS) {
  test(`system calls: ${printed}`, async () => {
    const count = [[`syscalls:${name}`, 1]];
    assert.equal(await ftrace(printed), { facts: [facts], counters: [], names: count });
    assert.equal(await perf(`syscalls:${name}`, body), { facts: [facts], counters: [], names: count });
    assert.equal(await report(name, body), { facts: [facts], counters: [], names: count });
  });
}

test('a system call that lost its arguments is counted, and is no row', async () => {
  const { facts, counters } = await ftrace('sys_munmap(addr: 0x7fe9eb0a0000');
  assert.equal(facts, []);
  assert.equal(
    counters.map((counter) => counter.split('=')[0]),
    ['event-not-understood'],
  );
});

test('an unpinned page is an object and a physical page', async () => {
  const facts = ['unpin_range - - - ffffea0004260c40 - 0 - - ffffea0004260c40 1 1'];
  const body = 'page=0xffffea0004260c40 npages=1 dirty=1';
  assert.equal(
    (await ftrace(`unpin_range: (unpin_user_page_range_dirty_lock+0x4/0x100) ${body}`)).facts,
    facts,
  );
  assert.equal((await perf('lab:unpin_range', `(ffffffff814b7004) ${body}`)).facts, facts);
  assert.equal((await report('unpin_range', `(ffffffff814b7004) ${body}`)).facts, facts);
});

test('an attachment stands behind a colon', async () => {
  const { facts } = await ftrace(
    'dma_buf_detach: exp_name=udmabuf size=163840 ino=1 attachment:000000006017faba is_dynamic=0 dev_name=0000:00:05.0',
  );
  assert.equal(facts, ['dma_buf_detach 0000:00:05.0 - 28000 - - 0 - - 6017faba 1 -']);
});

test('a tracepoint of the driver and a probe on its function have one name; the body tells', async () => {
  const probe = await ftrace(
    'p2p_map: (p2p_map+0x4/0x80 [dmabug]) device="0000:00:05.0" mm=0xffff888103f2b700 va=0x7f29e461c000 len=4096 dma=0xffeff000 err=-5',
  );
  const tracepoint = await ftrace(
    'p2p_map: 0000:00:05.0 mm=00000000c51e8670 va=7f29e461c000 len=4096 dma_addr=ffeff000 ret=-5',
  );
  assert.equal(probe.facts, [
    'p2p_map 0000:00:05.0 7f29e461c000 1000 - - -5 - ffff888103f2b700 - - ffeff000',
  ]);
  assert.equal(tracepoint.facts, ['p2p_map 0000:00:05.0 7f29e461c000 1000 - - -5 - c51e8670 - - ffeff000']);
});

test('with the option fields an address that has a symbol comes in decimal behind it', async () => {
  const { facts, counters } = await ftrace(
    'mni_insert: __probe_ip=mmu_interval_notifier_insert+0x4/0x80 (-2125282556) sub=0xffff8881070d0000 (-131387226259456) mm=0xffff888107113700 (-131387225983232) start=0x7fd1e5d84000 (140539481047040) length=0x8000 (32768) ops=mir_ops+0x0/0x30 [dmabug] (-1608497360)',
  );
  assert.equal(facts, [
    'mni_insert - 7fd1e5d84000 8000 - - 0 - ffff888107113700 ffff8881070d0000 ffffffffa0204730 -',
  ]);
  assert.equal(counters, []);
});

test("other importers' tracepoints", async () => {
  const kvm = await report(
    'kvm_unmap_hva_range',
    'mmu notifier unmap range: 0x7f1234560000 -- 0x7f1234570000',
  );
  assert.equal(kvm.facts, ['kvm_unmap_hva_range - 7f1234560000 7f1234570000 - - 0 -']);
  const xe = await ftrace(
    'xe_vma_userptr_invalidate: dev=0000:03:00.0, vma=00000000a1b2c3d4, vm=00000000d4c3b2a1, asid=0x00001, start=0x000000100000, end=0x0000001fffff, userptr=0x7f1234560000,',
  );
  assert.equal(xe.facts, [
    'xe_vma_userptr_invalidate 0000:03:00.0 100000 1fffff - - 0 - - a1b2c3d4 - d4c3b2a1',
  ]);
});

test('a return that says its result only is the return of its call', async () => {
  const { facts } = await ftrace(
    'iova_link_ret: (blk_rq_dma_map_iter_start+0x2c4/0x320 <- dma_iova_link) ret=0xfffffff4',
  );
  assert.equal(facts, ['iova_link_ret - - - - - -12 -']);
  assert.ok(dictionary.entries.some(({ name }) => name === 'iova_link'));
});

test.run();
