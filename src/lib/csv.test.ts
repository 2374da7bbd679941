import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csv } from './csv.ts';

test('a table is read back as it was', () => {
  const text = csv(
    ['name', 'count'],
    [
      ['Nguyễn, “An”\nBình "B"', 3],
      ['山田', null],
    ],
  );
  expect(parse(text, { bom: true })).toEqual([
    ['name', 'count'],
    ['Nguyễn, “An”\nBình "B"', '3'],
    ['山田', ''],
  ]);
});

test.for(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '＋1', '－1', '＠x', ' =1', '\u200b=1'])(
  'the cell %j runs in no spreadsheet',
  (cell) => {
    expect(parse(csv(['head'], [[cell]]), { bom: true })[1]).toEqual([`'${cell}`]);
  },
);

test('whatever people write, no cell begins a formula and no text is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 })), (rows) => {
      const read: string[][] = parse(csv(['a', 'b'], rows), { bom: true });
      expect(read.length).toBe(rows.length + 1);
      for (const [index, row] of rows.entries())
        for (const [column, cell] of row.entries()) {
          const found = read[index + 1]![column]!;
          expect(found).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
          expect([cell, `'${cell}`]).toContain(found);
        }
    }),
  );
});
