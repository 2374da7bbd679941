import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { csv, xlsx } from './table-files.ts';

const formulas = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '＝1',
  '＋1',
  '－1',
  '＠x',
  ' =1',
  '\u200b=1',
];

describe('as CSV', () => {
  test('a table is read back as it was', () => {
    const text = csv({
      head: ['name', 'count'],
      rows: [
        ['Nguyễn, “An”\nBình "B"', 3],
        ['山田', null],
        ['Minus', -3],
      ],
    });
    expect(parse(text, { bom: true })).toEqual([
      ['name', 'count'],
      ['Nguyễn, “An”\nBình "B"', '3'],
      ['山田', ''],
      ['Minus', '-3'],
    ]);
    expect(text.startsWith('\ufeffname,count\r\n')).toBe(true);
  });

  test.for(formulas)('the cell %j runs in no spreadsheet', (cell) => {
    expect(parse(csv({ head: ['head'], rows: [[cell]] }), { bom: true })[1]).toEqual([`'${cell}`]);
  });

  test('whatever people write, no cell begins a formula and no text is lost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 })),
        (rows) => {
          const read: string[][] = parse(csv({ head: ['a', 'b'], rows }), { bom: true });
          expect(read.length).toBe(rows.length + 1);
          for (const [index, row] of rows.entries())
            for (const [column, cell] of row.entries()) {
              const found = read[index + 1]![column]!;
              expect(found).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
              expect([cell, `'${cell}`]).toContain(found);
            }
        },
      ),
    );
  });
});

describe('as XLSX', () => {
  const partsOf = async (...given: Parameters<typeof xlsx>) => {
    const files = unzipSync(await xlsx(...given));
    return (name: string) => strFromU8(files[name] ?? new Uint8Array());
  };

  test('whatever a cell begins with, it is text and no formula', async () => {
    const part = await partsOf([{ name: 'People', head: ['=HEAD()'], rows: formulas.map((cell) => [cell]) }]);
    const sheet = part('xl/worksheets/sheet1.xml');
    expect(sheet).not.toContain('<f>');
    expect(sheet.match(/ t="(?:s|inlineStr)"/g)).toHaveLength(formulas.length + 1);
  });

  test('a number is a number, nothing is an empty cell, and markup is text', async () => {
    const part = await partsOf([
      {
        name: 'A [very] long name of a sheet: too long',
        head: ['a', 'b'],
        rows: [
          [7, null],
          ['<b>&', 0],
        ],
      },
    ]);
    expect(part('xl/worksheets/sheet1.xml')).toContain('<v>7</v>');
    expect(part('xl/worksheets/sheet1.xml') + part('xl/sharedStrings.xml')).toContain('&lt;b&gt;&amp;');
    expect(part('xl/workbook.xml')).toContain('name="A  very  long name of a sheet  "');
  });
});
