/** Event formats as tracefs prints them (`format` files): fields, their sizes and signs. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { elementSize, parseEventFormat, parseFields } from '../traces/event-format.js';

// As Linux 7.2 shows it.
const UNMAP_SG = `name: dma_unmap_sg
ID: 338
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:__data_loc char[] device;	offset:8;	size:4;	signed:0;
	field:__data_loc u64[] addrs;	offset:12;	size:4;	signed:0;
	field:enum dma_data_direction dir;	offset:16;	size:4;	signed:0;
	field:unsigned long attrs;	offset:24;	size:8;	signed:0;

print fmt: "%s dir=%s", field:int not_a_field;	offset:0;	size:4;	signed:0;
`;

test('an event format has its name, id, common fields and fields', () => {
  const format = parseEventFormat('dma', UNMAP_SG)!;
  assert.is(format.system, 'dma');
  assert.is(format.name, 'dma_unmap_sg');
  assert.is(format.id, 338);
  assert.equal(
    format.common.map((field) => [field.name, field.offset, field.size, field.signed]),
    [
      ['common_type', 0, 2, false],
      ['common_flags', 2, 1, false],
      ['common_preempt_count', 3, 1, false],
      ['common_pid', 4, 4, true],
    ],
  );
  assert.equal(
    format.fields.map(({ name, type, where, array }) => ({ name, type, where, array })),
    [
      { name: 'device', type: 'char', where: 'data_loc', array: true },
      { name: 'addrs', type: 'u64', where: 'data_loc', array: true },
      { name: 'dir', type: 'enum dma_data_direction', where: 'inline', array: false },
      { name: 'attrs', type: 'unsigned long', where: 'inline', array: false },
    ],
  );
});

test('declarations of every shape are understood', () => {
  const shapes = {
    'unsigned long caller[8]': ['caller', 'unsigned long', 'inline', true],
    'char comm[16]': ['comm', 'char', 'inline', true],
    'const char * name': ['name', 'const char *', 'inline', false],
    'void *ptr': ['ptr', 'void *', 'inline', false],
    '__rel_loc u32[] list': ['list', 'u32', 'rel_loc', true],
    'struct page *pages[]': ['pages', 'struct page *', 'inline', true],
    ' local_t commit': ['commit', 'local_t', 'inline', false],
  } as const;
  for (const [declared, [name, type, where, array]] of Object.entries(shapes)) {
    const [field] = parseFields(`\tfield:${declared};\toffset:8;\tsize:8;\tsigned:0;`);
    assert.equal(
      field && [field.name, field.type, field.where, field.array],
      [name, type, where, array],
      declared,
    );
  }
});

test('fields without a sign (kernels before 2.6.32) are unsigned', () => {
  const [field] = parseFields('\tfield:int x;\toffset:4;\tsize:4;');
  assert.is(field?.signed, false);
});

test('text that is no format is refused, and so are ids that no record can carry', () => {
  assert.is(parseEventFormat('dma', ''), undefined);
  assert.is(parseEventFormat('dma', 'name: x\n'), undefined);
  assert.is(parseEventFormat('dma', UNMAP_SG.replace('ID: 338', 'ID: 65536')), undefined);
  assert.is(parseEventFormat('dma', UNMAP_SG.replace('ID: 338', 'ID: -1')), undefined);
});

test('a field with an absurd offset is left out', () => {
  assert.equal(parseFields('\tfield:int x;\toffset:70000;\tsize:4;\tsigned:1;'), []);
});

test("the size of an array's element follows from its type", () => {
  const sizes = {
    char: 1,
    'unsigned char': 1,
    u8: 1,
    'unsigned short': 2,
    'unsigned int': 4,
    int: 4,
    'enum x': 4,
    u64: 8,
    'unsigned long long': 8,
    dma_addr_t: 8,
    'struct page *': 8,
    'unsigned long': 8,
    'struct thing': 0,
  };
  for (const [type, size] of Object.entries(sizes)) assert.is(elementSize(type, 8), size, type);
  assert.is(elementSize('unsigned long', 4), 4);
  assert.is(elementSize('unsigned long long', 4), 8);
});

test.run();
