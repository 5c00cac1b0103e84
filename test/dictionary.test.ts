/** The event dictionary: the built-in files are sound, and the user's are refused with the place and the reason. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ajv as AjvClass } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type DictionaryEntry,
  DictionaryError,
  isReturnProbe,
  loadDictionary,
} from '../traces/dictionary.js';
import { enumWords } from '../traces/dictionary-check.js';
import { ENTRY_OPS } from '../traces/dictionary-entry.js';
import { MEANS_WORDS } from '../traces/dictionary-means.js';
import { DMA_ATTRS } from '../traces/dma-attrs.js';
import { TYPE_LOST, TYPE_STACK } from '../traces/format.js';
import { inPackage } from '../traces/package-root.js';
import {
  Kind,
  Layer,
  MEANS_END,
  MEANS_KVA,
  MEANS_LAST,
  MEANS_OFFSET,
  MEANS_ORDER,
  MEANS_PAGES,
  MEANS_PFN,
  MEANS_POINTER,
  MEANS_RESULT,
  MEANS_STRUCT_PAGE,
  Op,
} from '../wasm/schema.js';

const { Ajv } = createRequire(import.meta.url)('ajv') as { Ajv: typeof AjvClass };

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-test-'));
test.after(() => rmSync(folder, { recursive: true }));

const eventsFolder = inPackage('traces', 'events');
const json = (file: string) => JSON.parse(readFileSync(join(eventsFolder, file), 'utf8'));
const schema = json('dictionary.schema.json');
const builtIn = readdirSync(eventsFolder).filter(
  (file) => file.endsWith('.json') && !file.includes('schema'),
);
const bySchema = new Ajv().compile(schema);

let written = 0;
function userFile(content: unknown): string {
  const file = join(folder, `user-${written++}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const good = {
  event: 'drv:map',
  layer: 'dma',
  op: 'open',
  doc: 'x.',
  fields: { device: 'd', addr: 'a', len: 'l' },
};

async function refusal(content: unknown): Promise<DictionaryError> {
  try {
    await loadDictionary([userFile(content)]);
  } catch (error) {
    assert.instance(error, DictionaryError);
    return error as DictionaryError;
  }
  throw new Error(`was accepted: ${JSON.stringify(content)}`);
}

function only(entries: readonly DictionaryEntry[], name: string): DictionaryEntry {
  const found = entries.filter((entry) => entry.name === name);
  assert.is(found.length, 1, name);
  return found[0]!;
}

function fieldOf(entry: DictionaryEntry, column: string) {
  return entry.fields.find((field) => field.column === column);
}

test('the built-in files fit the JSON schema', () => {
  assert.ok(builtIn.length >= 3);
  for (const file of builtIn) assert.ok(bySchema(json(file)), `${file}: ${JSON.stringify(bySchema.errors)}`);
});

test('the JSON schema knows the same words as the code', () => {
  const { event } = schema.definitions;
  assert.equal(event.properties.layer.enum, [...enumWords(Layer).keys()]);
  assert.equal([...event.properties.op.enum].sort(), [...ENTRY_OPS.keys()].sort());
  assert.equal(event.properties.kind.enum, [...enumWords(Kind).keys()]);
  assert.equal(schema.definitions.field.properties.means.enum, MEANS_WORDS);
});

test('an id is the index, and the first two are reserved', async () => {
  const { entries } = await loadDictionary();
  for (const [index, entry] of entries.entries()) assert.is(entry.id, index);
  assert.is(entries[TYPE_LOST]!.op, Op.lost);
  assert.is(entries[TYPE_STACK]!.op, Op.stack);
  assert.is(entries.filter((entry) => entry.op === Op.lost || entry.op === Op.stack).length, 2);
});

test('both vocabularies of the DMA API are there', async () => {
  const { entries } = await loadDictionary();
  const has = (name: string, op: Op, kind: Kind) => {
    const entry = only(entries, name);
    assert.equal(
      [entry.system, Layer[entry.layer], Op[entry.op], Kind[entry.kind]],
      ['dma', 'dma', Op[op], Kind[kind]],
      name,
    );
  };
  has('dma_map_page', Op.open, Kind.single);
  has('dma_unmap_page', Op.close, Kind.single);
  has('dma_map_phys', Op.open, Kind.single);
  has('dma_unmap_phys', Op.close, Kind.single);
  has('dma_map_resource', Op.open, Kind.resource);
  has('dma_unmap_resource', Op.close, Kind.resource);
  has('dma_map_sg', Op.open, Kind.sg);
  has('dma_unmap_sg', Op.close, Kind.sg);
  has('dma_map_sg_err', Op.fail, Kind.sg);
  has('dma_alloc', Op.open, Kind.coherent);
  has('dma_free', Op.close, Kind.coherent);
  has('dma_alloc_pages', Op.open, Kind.pages);
  has('dma_alloc_sgt', Op.open, Kind.noncontiguous);
  has('dma_alloc_sgt_err', Op.fail, Kind.noncontiguous);
  has('dma_sync_sg_for_cpu', Op.sync, Kind.sg);
});

test('labels are those of the print format where they differ from the field', async () => {
  const { entries } = await loadDictionary();
  const labels = (name: string) =>
    Object.fromEntries(only(entries, name).fields.map((field) => [field.field, field.label]));
  assert.equal(labels('dma_unmap_phys'), {
    device: '$1',
    dir: 'dir',
    addr: 'dma_addr',
    size: 'size',
    attrs: 'attrs',
  });
  assert.equal(labels('dma_map_sg_err').phys_addrs, 'dma_addrs');
  assert.equal(labels('dma_unmap_sg').addrs, 'phys_addrs');
  assert.equal(labels('dma_map_sg').lengths, 'sizes');
  assert.equal(labels('io_page_fault').device, 'IOMMU:$1');
  assert.is(fieldOf(only(entries, 'unmap'), 'len')!.field, 'unmapped_size');
});

test('the type follows the column, and a probe reads numbers by their look', async () => {
  const probe = {
    event: 'p',
    function: 'f',
    layer: 'iommu',
    op: 'open',
    doc: 'x.',
    fields: { addr: 'a', len: { field: 'l', type: 'hex' } },
  };
  const { entries } = await loadDictionary([userFile({ events: [good, probe] })]);
  assert.is(fieldOf(entries[2]!, 'addr')!.type, 'hex');
  assert.is(fieldOf(entries[2]!, 'len')!.type, 'dec');
  assert.is(fieldOf(entries[3]!, 'addr')!.type, 'auto');
  assert.is(fieldOf(entries[3]!, 'len')!.type, 'hex');
});

test('what says what an event is about is required, except in notes', async () => {
  const { entries } = await loadDictionary();
  assert.equal(
    only(entries, 'dma_map_phys')
      .fields.filter((field) => field.required)
      .map((field) => field.column),
    ['device', 'addr', 'len'],
  );
  assert.not(only(entries, 'add_device_to_group').fields.some((field) => field.required));
});

test('a field may mean something else than its column, in the words of that column', async () => {
  const { entries } = await loadDictionary();
  const means = (name: string, column: string) => fieldOf(only(entries, name), column)!.means;
  assert.is(means('mmu_inv_start', 'len'), MEANS_END);
  assert.is(means('mni_remove', 'len'), MEANS_LAST);
  assert.is(means('pin_fast', 'len'), MEANS_PAGES);
  assert.is(means('mm_page_free', 'len'), MEANS_ORDER);
  assert.is(means('mm_page_free', 'phys'), MEANS_PFN);
  assert.is(means('unpin_folio', 'phys'), MEANS_STRUCT_PAGE);
  assert.is(means('iova_link', 'value'), MEANS_OFFSET);
  assert.is(means('odp_map_ret', 'value'), MEANS_RESULT);
  assert.is(means('umem_get_va_ret', 'object'), MEANS_POINTER);
  assert.is(means('p2p_alloc_ret', 'addr'), MEANS_KVA);
  assert.is(means('dma_map_phys', 'len'), 0);
  const wrong = (column: string, word: string) => ({
    events: [{ ...good, fields: { ...good.fields, [column]: { field: 'f', means: word } } }],
  });
  assert.match(
    (await refusal(wrong('len', 'pfn'))).problem,
    /expected one of end, last, pages, order, found "pfn"/,
  );
  const error = await refusal(wrong('dir', 'end'));
  assert.is(error.path, 'events[0].fields.dir.means');
  assert.match(error.problem, /columns that may mean something else are len, phys, value, object, addr/);
});

test('every return has a call on the same function, and requires only what its call does not say', async () => {
  const { entries } = await loadDictionary();
  const returns = entries.filter((entry) => entry.function !== undefined && isReturnProbe(entry.name));
  assert.ok(returns.length >= 25);
  for (const entry of returns) {
    const calls = entries.filter((other) => other.function === entry.function && other !== entry);
    assert.ok(calls.length >= 1, entry.name);
    const needed = entry.fields.filter(({ required }) => required).map(({ field }) => field);
    if (entry.op !== Op.note) assert.equal(needed, ['ret'], entry.name);
  }
});

test("the user's entries come before the built-in ones of the same name", async () => {
  const file = userFile({ events: [{ ...good, event: 'dma:dma_map_phys' }] });
  const { entries } = await loadDictionary([file]);
  const same = entries.filter((entry) => entry.name === 'dma_map_phys');
  assert.equal(
    same.map((entry) => entry.source),
    [file, 'dma.json'],
  );
  assert.is(same[0]!.id, 2);
});

test('what the schema refuses is refused at run time too, with the place', async () => {
  const cases: readonly (readonly [unknown, path: string, problem: RegExp])[] = [
    [[], '', /expected an object, found \[\]/],
    [{}, 'events', /expected a list of events, found nothing/],
    [{ events: {} }, 'events', /expected a list of events, found \{\}/],
    [{ events: [], more: 1 }, '', /unknown key "more"/],
    [{ events: [good, 7] }, 'events[1]', /expected an object, found 7/],
    [{ events: [{ ...good, evnet: 1 }] }, 'events[0]', /unknown key "evnet"; known are event, /],
    [{ events: [{ ...good, event: 'a:b:c' }] }, 'events[0].event', /"system:name" or "name", found "a:b:c"/],
    [{ events: [{ ...good, layer: 'dam' }] }, 'events[0].layer', /expected one of none, dma, .* found "dam"/],
    [{ events: [{ ...good, op: 'lost' }] }, 'events[0].op', /expected one of note, .* found "lost"/],
    [{ events: [{ ...good, op: '1' }] }, 'events[0].op', /found "1"/],
    [{ events: [{ ...good, kind: 'toString' }] }, 'events[0].kind', /found "toString"/],
    [{ events: [{ ...good, doc: ' ' }] }, 'events[0].doc', /expected a sentence/],
    [{ events: [{ ...good, fields: { adr: 'a' } }] }, 'events[0].fields', /unknown key "adr"/],
    [
      { events: [{ ...good, fields: { ...good.fields, phys: 3 } }] },
      'events[0].fields.phys',
      /expected an object, found 3/,
    ],
    [
      { events: [{ ...good, fields: { ...good.fields, phys: {} } }] },
      'events[0].fields.phys.field',
      /found nothing/,
    ],
    [
      { events: [{ ...good, fields: { ...good.fields, phys: { field: 'p', type: 'octal' } } }] },
      'events[0].fields.phys.type',
      /found "octal"/,
    ],
    [
      { events: [{ ...good, fields: { ...good.fields, phys: { field: 'p', means: 'frame' } } }] },
      'events[0].fields.phys.means',
      /expected one of pfn, struct_page, found "frame"/,
    ],
    [
      { events: [{ ...good, fields: { ...good.fields, phys: { field: 'p', required: 1 } } }] },
      'events[0].fields.phys.required',
      /true or false/,
    ],
  ];
  for (const [content, path, problem] of cases) {
    assert.not(bySchema(content), `the schema accepts ${JSON.stringify(content)}`);
    const error = await refusal(content);
    assert.is(error.path, path);
    assert.match(error.problem, problem);
    assert.match(error.message, error.file);
  }
});

test('an operation without the columns it needs is refused', async () => {
  const error = await refusal({ events: [{ ...good, fields: { device: 'd', addr: 'a' } }] });
  assert.match(error.message, /op "open" in layer "dma" needs fields for device and addr and len, or /);
  assert.match(
    (await refusal({ events: [{ ...good, layer: 'none', op: 'remove', fields: {} }] })).problem,
    /needs fields for device/,
  );
});

test('a file that is no JSON, or not there, is refused', async () => {
  assert.match((await refusal('{"events": [')).problem, /expected JSON: /);
  const missing = await loadDictionary([join(folder, 'missing.json')]).catch((error: unknown) => error);
  assert.instance(missing, DictionaryError);
  assert.match((missing as DictionaryError).problem, /cannot read it: ENOENT/);
});

test('names of attributes are single bits, the two names of bit 11 included', () => {
  for (const [name, bits] of Object.entries(DMA_ATTRS)) assert.is(bits & (bits - 1), 0, name);
  assert.is(DMA_ATTRS.MMIO, 0x400);
  assert.is(DMA_ATTRS.CACHE_CLEAN, DMA_ATTRS.CACHELINES_OVERLAP);
});

test.run();
