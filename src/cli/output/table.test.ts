import fc from 'fast-check';
import { displayWidth } from './clean.ts';
import { type Column, table } from './table.ts';

interface Row {
  readonly name: string;
  readonly size: string;
  readonly note: string;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name, shrink: true },
  { title: 'SIZE', value: (row) => row.size, align: 'right' },
  { title: 'NOTE', value: (row) => row.note, shrink: true },
];

test('columns are aligned and lines end with their text', () => {
  const rows = [
    { name: 'hq', size: '1,234', note: 'first' },
    { name: 'branch', size: '7', note: '' },
  ];
  expect(table(rows, columns, Infinity)).toBe(['NAME     SIZE  NOTE', 'hq      1,234  first', 'branch      7'].join('\n'));
});

test('a column that is empty everywhere is left out', () => {
  expect(table([{ name: 'hq', size: '1', note: '' }], columns, Infinity)).toBe('NAME  SIZE\nhq       1');
});

test('nothing is cut where there is no terminal', () => {
  const note = 'x'.repeat(500);
  expect(table([{ name: 'hq', size: '1', note }], columns, Infinity)).toContain(note);
});

test('a table fits the terminal whenever its shrinkable columns can give way', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 });
  const rows = fc.array(fc.record({ name: text, size: fc.nat({ max: 99_999 }).map(String), note: text }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 40, max: 120 }), (given, width) => {
      for (const line of table(given, columns, width).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test('a line break in a value does not begin a line', () => {
  expect(table([{ name: 'a\nb', size: '1', note: '' }], columns, Infinity).split('\n')).toHaveLength(2);
});
